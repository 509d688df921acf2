"""A server of S3 on this machine, and what tests ask of it."""

import logging
from contextlib import contextmanager

import fsspec
import requests

KEY = "harmlib-test-key-id-0000"
SECRET = "harmlib-test-secret-that-must-appear-nowhere"
BUCKET = "media-bucket"


@contextmanager
def s3_server(monkeypatch):
    """An empty bucket, to which the environment leads with credentials."""
    from moto.server import ThreadedMotoServer

    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": "/nonexistent",
        "AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
        "AWS_EC2_METADATA_DISABLED": "true",
    }.items():
        monkeypatch.setenv(name, value)
    try:
        requests.post(f"http://{host}:{port}/moto-api/reset", timeout=9)  # what a server before had
        system = new_system()
        system.mkdir(BUCKET)
        yield system
    finally:
        forget_systems()
        server.stop()


def new_system():
    """A file system without what an earlier one remembers."""
    forget_systems()
    return fsspec.filesystem("s3", skip_instance_cache=True)


def forget_systems():
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()


def upload(system, folder, prefix):
    """Put a folder's files below a prefix of the bucket."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            system.pipe_file(f"{BUCKET}/{prefix}/{name}", path.read_bytes())
