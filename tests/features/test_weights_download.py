"""Weights are downloaded, kept and verified against a real HTTP server on 127.0.0.1."""

import contextlib
import gzip
import hashlib
import random
import re
import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harmlib.features import weights
from harmlib.features.weights import OfficialFile, Weights, WeightsError, resolve_weights

BODY = random.Random(0).randbytes(300_000)  # several chunks
BODY_SHA256 = hashlib.sha256(BODY).hexdigest()


class Handler(BaseHTTPRequestHandler):
    """Serves server.body; how well is set by the attributes of the server."""

    def do_GET(self):
        server = self.server
        asked = self.headers.get("Range")
        server.asked.append(asked)
        time.sleep(server.delay_sec)
        if server.status != 200:
            self.send_error(server.status)
            return
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked and server.ranges else 0
        if start >= len(server.body):
            self.send_error(416)
            return
        rest = server.body[start:]
        self.send_response(206 if start else 200)
        if "gzip" in self.headers["Accept-Encoding"]:
            rest = gzip.compress(rest)
            self.send_header("Content-Encoding", "gzip")
        if start:
            last = len(server.body) - 1
            self.send_header("Content-Range", f"bytes {start}-{last}/{last + 1}")
        if server.tells_length:
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        sent = rest if server.cut_bytes is None else rest[: server.cut_bytes]
        with contextlib.suppress(ConnectionError):  # the client may have given up
            self.wfile.write(sent)
        server.sent_bytes.append(len(sent))

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.body, server.status, server.delay_sec = BODY, 200, 0
    server.ranges, server.tells_length, server.cut_bytes = True, True, None
    server.asked, server.sent_bytes = [], []  # Range header, and body bytes, of each request
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def official_at(port):
    return OfficialFile("tiny", f"http://127.0.0.1:{port}/models/tiny.pt", BODY_SHA256)


def pretrained(server, cache_dir, progress=None):
    official = official_at(server.server_address[1])
    return resolve_weights("pretrained", official, cache_dir=cache_dir, progress=progress)


def files_in(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_download_then_cache_hit(server, tmp_path):
    steps = []
    cache_dir = tmp_path / "made/on/demand"
    found = pretrained(server, cache_dir, lambda *step: steps.append(step))
    assert found == Weights("pretrained", cache_dir / "tiny.pt", BODY_SHA256, None, "tiny")
    assert found.label == f"pretrained tiny (sha256 {BODY_SHA256[:8]}…)"
    assert found.path.read_bytes() == BODY
    assert files_in(cache_dir) == ["tiny.pt"]
    done = [d for d, _ in steps]
    assert len(steps) > 1
    assert done == sorted(done)
    assert done[-1] == len(BODY)
    assert {total for _, total in steps} == {len(BODY)}

    assert pretrained(server, cache_dir, lambda *_: pytest.fail("no download expected")) == found
    assert server.asked == [None]


def test_pretrained_and_the_same_file_by_path_share_a_key(server, tmp_path):
    found = pretrained(server, tmp_path)
    official = official_at(server.server_address[1])
    by_path = resolve_weights(str(found.path), official, cache_dir=tmp_path)
    assert by_path.key == found.key
    assert by_path.label == f"file tiny.pt (sha256 {BODY_SHA256[:8]}…)"


def test_unknown_length_is_told_to_progress(server, tmp_path):
    server.tells_length = False
    steps = []
    pretrained(server, tmp_path, lambda *step: steps.append(step))
    assert steps[-1] == (len(BODY), None)


def test_resume_after_a_cut_fetches_only_the_rest(server, tmp_path):
    server.cut_bytes = 150_000
    with pytest.raises(WeightsError, match=r"reason: .*") as caught:
        pretrained(server, tmp_path)
    kept = (tmp_path / "tiny.pt.part").stat().st_size
    assert 150_000 - weights.CHUNK_BYTES < kept <= 150_000
    assert f"({kept:,} bytes are kept)" in str(caught.value)
    assert files_in(tmp_path) == ["tiny.pt.part"]

    server.cut_bytes = None
    steps = []
    found = pretrained(server, tmp_path, lambda *step: steps.append(step))
    assert found.path.read_bytes() == BODY
    assert server.asked == [None, f"bytes={kept}-"]
    assert server.sent_bytes == [150_000, len(BODY) - kept]
    assert kept < steps[0][0]
    assert steps[-1] == (len(BODY), len(BODY))


@pytest.mark.parametrize(
    ("ranges", "part", "asked"),
    [
        (False, BODY[:1000], ["bytes=1000-"]),  # the server ignores Range and sends everything
        (False, b"x" * 400_000, ["bytes=400000-"]),  # the same, a part longer than the file
        (True, b"x" * 400_000, ["bytes=400000-", None]),  # 416, then from the start
        (True, BODY, ["bytes=300000-", None]),  # died between the last byte and the renaming
        (True, b"", [None]),
    ],
)
def test_start_over_where_resuming_is_impossible(server, tmp_path, ranges, part, asked):
    server.ranges = ranges
    (tmp_path / "tiny.pt.part").write_bytes(part)
    steps = []
    found = pretrained(server, tmp_path, lambda *step: steps.append(step))
    assert found.path.read_bytes() == BODY
    assert server.asked == asked
    assert steps[-1] == (len(BODY), len(BODY))


def test_a_server_that_always_says_416_is_an_error(server, tmp_path):
    server.status = 416
    (tmp_path / "tiny.pt.part").write_bytes(b"x")
    with pytest.raises(WeightsError, match="reason: 416"):
        pretrained(server, tmp_path)
    assert server.asked == ["bytes=1-", None]


def test_wrong_content_is_deleted_and_not_cached(server, tmp_path):
    server.body = b"<html>please log in</html>"
    got = hashlib.sha256(server.body).hexdigest()
    message = f"127.0.0.1.*expected sha256 {BODY_SHA256}, got {got}.*Run again to download anew"
    with pytest.raises(WeightsError, match=message):
        pretrained(server, tmp_path)
    assert files_in(tmp_path) == []


def test_a_foreign_part_is_found_out_and_the_next_try_succeeds(server, tmp_path):
    (tmp_path / "tiny.pt.part").write_bytes(b"x" * 1000)
    with pytest.raises(WeightsError, match=f"expected sha256 {BODY_SHA256}"):
        pretrained(server, tmp_path)
    assert pretrained(server, tmp_path).path.read_bytes() == BODY
    assert server.asked == ["bytes=1000-", None]


def assert_says_how_to_go_on(error, tmp_path, port, kept="0"):
    assert "cannot download the weights of tiny\n" in str(error)
    assert f"from:   http://127.0.0.1:{port}/models/tiny.pt\n" in str(error)
    assert f"to:     {tmp_path / 'tiny.pt'}\n" in str(error)
    assert f"sha256: {BODY_SHA256}\n" in str(error)
    assert f"Run again to go on ({kept} bytes are kept)" in str(error)
    assert "'untrained' or to the path of another file" in str(error)


@pytest.mark.parametrize("status", [404, 403, 500])
def test_http_error_keeps_the_part(server, tmp_path, status):
    server.status = status
    (tmp_path / "tiny.pt.part").write_bytes(BODY[:1234])
    with pytest.raises(WeightsError, match=f"reason: {status}") as caught:
        pretrained(server, tmp_path)
    assert_says_how_to_go_on(caught.value, tmp_path, server.server_address[1], kept="1,234")
    assert (tmp_path / "tiny.pt.part").read_bytes() == BODY[:1234]


def test_offline(tmp_path, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as bound:  # bound but not listening: nothing else can take the port
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        official = official_at(port)
        with pytest.raises(WeightsError, match="Connection refused") as caught:
            resolve_weights("pretrained", official, cache_dir=tmp_path)
    assert_says_how_to_go_on(caught.value, tmp_path, port)
    assert files_in(tmp_path) == []

    (tmp_path / "tiny.pt").write_bytes(BODY)  # brought by hand, as the message says
    found = resolve_weights("pretrained", official, cache_dir=tmp_path)
    assert found.path == tmp_path / "tiny.pt"


def test_a_silent_server_times_out(server, tmp_path, monkeypatch):
    server.delay_sec = 0.5
    monkeypatch.setattr(weights, "TIMEOUT_SEC", (5, 0.05))
    with pytest.raises(WeightsError, match="timed out") as caught:
        pretrained(server, tmp_path)
    assert_says_how_to_go_on(caught.value, tmp_path, server.server_address[1])


def test_cache_dir_that_cannot_be_made(server, tmp_path):
    (tmp_path / "occupied").write_bytes(b"")
    with pytest.raises(WeightsError, match=r"reason: .*occupied"):
        pretrained(server, tmp_path / "occupied")
    assert server.asked == []


@pytest.mark.parametrize("content", [BODY[:-1], BODY[:-1] + bytes([BODY[-1] ^ 1]), b""])
def test_corrupted_cache_file_is_detected_and_left_alone(server, tmp_path, content):
    (tmp_path / "tiny.pt").write_bytes(content)
    got = hashlib.sha256(content).hexdigest()
    with pytest.raises(WeightsError, match=f"expected sha256 {BODY_SHA256}, got {got}") as caught:
        pretrained(server, tmp_path)
    assert str(tmp_path / "tiny.pt") in str(caught.value)
    assert (tmp_path / "tiny.pt").read_bytes() == content
    assert server.asked == []


def test_a_folder_in_the_place_of_the_file(server, tmp_path):
    (tmp_path / "tiny.pt").mkdir()
    with pytest.raises(WeightsError, match=r"cannot read the weights file .*tiny\.pt"):
        pretrained(server, tmp_path)


def test_two_at_once_download_once(server, tmp_path):
    server.delay_sec = 0.3  # long enough for both to have seen the empty cache
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(pretrained(server, tmp_path)))
        for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert found[0] == found[1]
    assert found[0].path.read_bytes() == BODY
    assert server.asked == [None]
