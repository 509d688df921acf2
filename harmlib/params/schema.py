"""Every knob, typed, once: the sections of a params file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self, get_args

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, model_validator

from harmlib.address import Address, located
from harmlib.params.finding_codes import FindingCode
from harmlib.params.names import Name, check_apart
from harmlib.params.places import PROJECT_ROOT, from_project, media_root
from harmlib.params.policies import Costs, Policies, Volume, check_policies, check_sections
from harmlib.params.section import Section

Modality = Literal["image", "video"]
MODALITIES: tuple[Modality, ...] = get_args(Modality)
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(ge=1)]

MAX_FRAMES = 500_000  # of a video; 5.5 hours at 25 frames a second
MAX_PIXELS = 100_000_000  # of a picture or a frame; one of so many takes some 1.3 GB of memory
MAX_DECODE_SEC = 3600.0  # of one file; a video of `MAX_FRAMES` at 140 frames a second
MAX_DECODE_GIB = 6.0  # of memory for one file; a picture of `MAX_PIXELS` takes 1.3 to 2.6


def _path(value: Any) -> Any:
    """An absolute path for a text; anything else is left for pydantic to refuse."""
    return from_project(value) if isinstance(value, str) else value


def _media_root(value: Any) -> Path | Address:
    """A path or an address for a text."""
    if isinstance(value, Path | Address):
        return value
    if not isinstance(value, str):
        raise ValueError("write a folder, or an address such as s3://bucket/media")
    return media_root(value)


def _vectors_root(value: Any) -> Path | Address | None:
    """None as it is, else a path or an address."""
    return None if value is None else _media_root(value)


def _weights(value: Any) -> Any:
    """Keep the two words, make anything else an absolute path."""
    if not isinstance(value, str) or value in ("pretrained", "untrained"):
        return value
    return str(from_project(value))


ProjectPath = Annotated[Path, BeforeValidator(_path)]
MediaRoot = Annotated[Path | Address, PlainValidator(_media_root), PlainSerializer(str)]
VectorsRoot = Annotated[
    Path | Address | None,
    PlainValidator(_vectors_root),
    PlainSerializer(lambda where: None if where is None else str(where)),
]
WeightsSpec = Annotated[str, BeforeValidator(_weights)]


class DataParams(Section):
    """Where the media are. Paths are relative to the project's root."""

    root: MediaRoot  # a folder, or an address (s3://bucket/media)
    draw_demo: bool = False  # draw the demo set into `root` first
    otherwise: str | None = None  # the params file beside this one to run if `root` is not there
    image_csv: str | None = None  # relative to root; None: scan images/{harmful,safe}
    video_csv: str | None = None  # relative to root; None: scan videos/{harmful,safe}
    image_ratio: Annotated[float, Field(gt=0)] | None = None  # harmful : safe to subsample to
    video_ratio: Annotated[float, Field(gt=0)] | None = None
    # Where the groups come from. guess: the CSV's column group, and where nothing is given there,
    # names, folders and nearly equal pictures; file: that column, else each file is alone; folder:
    # the folder that a file lies in; anything else: the CSV's column of this name
    groups: Annotated[str, Field(min_length=1)] = "guess"
    # What is learned: harmful or not, or each of `categories` by an output of its own
    labels: Literal["binary", "category"] = "binary"
    categories: Annotated[list[Name], Field(min_length=1)] | None = None
    max_frames: Positive = MAX_FRAMES  # a video with more goes into the ledger
    max_pixels: Positive = MAX_PIXELS  # an image with more goes into the ledger
    # A file that takes longer, or more memory, to be decoded goes into the ledger
    max_decode_sec: Annotated[float, Field(gt=0)] = MAX_DECODE_SEC
    max_decode_gib: Annotated[float, Field(gt=0)] = MAX_DECODE_GIB

    @model_validator(mode="after")
    def _demo_is_drawn_here(self) -> DataParams:
        if self.draw_demo and isinstance(self.root, Address):
            raise ValueError("draw_demo draws into a folder of this machine; root is an address")
        return self

    @model_validator(mode="after")
    def _categories_are_told(self) -> DataParams:
        if (self.labels == "category") != (self.categories is not None):
            raise ValueError(
                "labels: category goes with categories, and only with it: list what to learn, such "
                "as categories: [gun, fire], by the names that the CSV's column category (or the "
                "folders below harmful/) gives them"
            )
        if self.categories is None:
            return self
        if len(set(self.categories)) < len(self.categories):
            raise ValueError(f"categories must not repeat; got {', '.join(self.categories)}")
        check_apart(self.categories)
        if self.draw_demo:
            raise ValueError("the demo's files have no categories; leave out labels and categories")
        return self

    def csv(self, modality: str) -> str | None:
        """The modality's CSV file, relative to `root`; None where its folders are scanned."""
        return self.image_csv if modality == "image" else self.video_csv

    def csv_file(self, modality: str) -> Path | Address | None:
        """Where that file lies: on this machine too, with an absolute path, if `root` doesn't."""
        csv = self.csv(modality)
        return located(self.root, csv) if csv else None

    def ratio(self, modality: str) -> float | None:
        """Harmful items per safe item to subsample to; None keeps every item."""
        return self.image_ratio if modality == "image" else self.video_ratio


class SplitParams(Section):
    """Shares of the items that validation and test get; training keeps the rest.

    With `folds`, every item is also judged once by classifiers that never saw its group: each fold
    is the test part of one training and the validation part of another.
    """

    val_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.2
    folds: Annotated[int, Field(ge=3)] | None = None

    @model_validator(mode="after")
    def _leaves_training_data(self) -> SplitParams:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction + test_fraction must stay below 1")
        return self


def _check_published(architecture: str, weights: str, *, without: str, instead: str) -> None:
    """Refuse `pretrained` for the architecture that nobody publishes weights of."""
    if architecture == without and weights == "pretrained":
        raise ValueError(
            f"there are no published weights of {without}; give weights: untrained, the path of a "
            f"file of your own, or architecture: {instead}"
        )


class ClipParams(Section):
    """The picture's meaning."""

    display_name: ClassVar[str] = "CLIP"
    modalities: ClassVar[tuple[str, ...]] = MODALITIES

    # ViT-Ti/32 is a sixteenth of ViT-B/32, for the demo and for tests: nobody publishes weights
    architecture: Literal["ViT-B/32", "ViT-B/16", "ViT-L/14", "ViT-Ti/32"] = "ViT-B/32"
    weights: WeightsSpec = "pretrained"
    batch_size: Positive = 32  # frames

    @model_validator(mode="after")
    def _weights_exist(self) -> ClipParams:
        _check_published(self.architecture, self.weights, without="ViT-Ti/32", instead="ViT-B/32")
        return self


class YoloParams(Section):
    """Objects and persons."""

    display_name: ClassVar[str] = "YOLO"
    modalities: ClassVar[tuple[str, ...]] = MODALITIES

    architecture: Literal["yolov8n", "yolo11n"] = "yolov8n"
    weights: WeightsSpec = "pretrained"
    image_size: Annotated[int, Field(ge=64, multiple_of=32)] = 640  # pixels
    batch_size: Positive = 16  # frames


class SlowFastParams(Section):
    """Motion, in videos only."""

    display_name: ClassVar[str] = "SlowFast"
    modalities: ClassVar[tuple[str, ...]] = ("video",)

    # r18 is a third of r50, for the demo and for tests: nobody publishes weights
    architecture: Literal["slowfast_r50_8x8", "slowfast_r18_8x8"] = "slowfast_r50_8x8"
    weights: WeightsSpec = "pretrained"
    image_size: Annotated[int, Field(ge=64, multiple_of=16)] = 224  # pixels
    clips: Positive = 1  # clips of a video, spread evenly
    clip_sec: Annotated[float, Field(gt=0)] = 2.0  # span of the 32 frames of one clip
    batch_size: Positive = 4  # clips

    @model_validator(mode="after")
    def _weights_exist(self) -> SlowFastParams:
        _check_published(
            self.architecture, self.weights, without="slowfast_r18_8x8", instead="slowfast_r50_8x8"
        )
        return self


class MotionParams(Section):
    """How disorderly and abruptly things move, in videos only. It needs no weights."""

    display_name: ClassVar[str] = "Motion"
    modalities: ClassVar[tuple[str, ...]] = ("video",)

    clips: Positive = 4  # clips of a video at most, spread evenly
    clip_sec: Annotated[float, Field(ge=0.4)] = 2.0  # span of one clip, 30 frames a second
    batch_size: Positive = 64  # clips


def _motion_by_default(fields: dict[str, Any]) -> MotionParams | None:
    """Where no trained network sees motion."""
    slowfast = fields.get("slowfast")
    untrained = slowfast is None or slowfast.weights == "untrained"
    return MotionParams() if untrained else None


class FeatureParams(Section):
    """The backbones; `null` leaves one out. Their order here is that of the joined vector."""

    video_frames: Positive = 8  # frames of a video that CLIP and YOLO see
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    clip: ClipParams | None = ClipParams()
    yolo: YoloParams | None = YoloParams()
    slowfast: SlowFastParams | None = SlowFastParams()  # videos only
    # Videos only; by default where SlowFast is left out or untrained
    motion: MotionParams | None = Field(default_factory=_motion_by_default)

    @model_validator(mode="after")
    def _something_to_see(self) -> FeatureParams:
        sections = [getattr(self, name) for name in type(self).model_fields]
        if not any("image" in getattr(section, "modalities", ()) for section in sections):
            raise ValueError("all backbones that see images are null; give at least one of them")
        return self

    @property
    def asks_for_files(self) -> bool:
        """Whether any backbone's weights are in a file, official or one's own."""
        sections = [getattr(self, name) for name in type(self).model_fields]
        return any(getattr(one, "weights", "untrained") != "untrained" for one in sections)


class PrevalenceParams(Section):
    """Share of harmful items in the traffic, where it is known; the data may hold more of them."""

    image: Annotated[float, Field(gt=0, lt=1)] | None = None
    video: Annotated[float, Field(gt=0, lt=1)] | None = None

    def of(self, modality: str) -> float | None:
        """The modality's share; None where it is not known."""
        return self.image if modality == "image" else self.video


class GalleryParams(Section):
    """The report's gallery of errors."""

    pictures: bool = True  # false: no picture of the media is in the page
    each: Positive = (
        3  # of each model's false alarms and misses, near the threshold and far from it
    )


class NearDuplicateParams(Section):
    """Which files of different splits (with folds: of different groups) count as nearly the same.

    Either threshold may be null: that rule is then not used.
    """

    # Of 256 bits of the perceptual hash. 31 is what the authors of PDQ match by (Facebook 2019,
    # "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm")
    hash_distance: Annotated[int, Field(ge=0, le=127)] | None = 31
    # Of the standardised vectors of trained backbones. No paper gives one for them: of the pairs of
    # surveillance pictures above 0.95, 19 in 20 also have hashes that differ by less than 60 bits
    cosine: Annotated[float, Field(gt=0, le=1)] | None = 0.95
    # Of one rule; what lies beyond is left out, and the report says so. As many as 10^5 files need
    max_comparisons: Positive = 5_000_000_000
    each: Positive = 6  # pairs that the report shows, of equal and of different labels


class StudyParams(Section):
    """What `04_study` tries on the folds, beside the variants."""

    seeds: Annotated[int, Field(ge=2)] = 10  # trainings of each fold in the ablation
    difference: Annotated[float, Field(gt=0, lt=1)] = 0.02  # of F1, that would matter to you
    harmful_per_safe: list[Annotated[float, Field(gt=0)]] = Field(default=[1.0, 2.0, 4.0, 8.0])
    # Name: regular expression of paths that are reported apart
    strata: dict[str, str] = Field(default={})


class Schedule(Section):
    """How long, in which batches and how fast a classifier is trained."""

    epochs: Positive
    batch_size: Positive  # items
    learning_rate: Annotated[float, Field(gt=0)]  # of Adam, constant


class ThresholdRule(Section):
    """Which thresholds of a variant are analysed, and where it operates."""

    thresholds: Annotated[  # the grid that is analysed at each epoch
        list[Annotated[float, Field(ge=0, lt=1)]], Field(min_length=1)
    ]
    # How the operating threshold is chosen: best_f1 of the grid, exact_f1 of all attainable ones
    threshold_rule: Literal["fixed", "best_f1", "exact_f1"]
    fixed_threshold: Fraction | None = None

    @model_validator(mode="after")
    def _is_a_rule(self) -> ThresholdRule:
        if (self.threshold_rule == "fixed") != (self.fixed_threshold is not None):
            raise ValueError("fixed_threshold goes with threshold_rule 'fixed', and only with it")
        if sorted(set(self.thresholds)) != self.thresholds:
            raise ValueError("thresholds must ascend without repeats")
        return self

    @property
    def objective(self) -> Literal["fixed", "f1"]:
        """What the operating threshold maximises; "fixed" where it is given."""
        return "fixed" if self.threshold_rule == "fixed" else "f1"


class Variant(ThresholdRule):
    """A trained configuration of `params/variants.yaml`: its training and its threshold rule."""

    last_layer: Literal["sigmoid", "logits"]
    loss: Literal["bce", "bce_with_logits"]
    pos_weight: Literal["balanced"] | Annotated[float, Field(gt=0)] | None = None
    head: Literal["mlp", "linear"] = "mlp"
    # L2 of the linear head against the summed loss; "chosen" on the items that are developed on
    penalty: Literal["chosen"] | Annotated[float, Field(gt=0)] | None = None
    backbones: Literal["all", "chosen"] = "all"  # which of the extracted ones the classifier sees
    # Epoch and threshold by the validation part, or by cross-fitting training and validation items
    validation: Literal["part", "cross_fitted"] = "part"
    image: Schedule
    video: Schedule

    @model_validator(mode="after")
    def _fits_together(self) -> Variant:
        if (self.loss == "bce") != (self.last_layer == "sigmoid"):
            raise ValueError(
                "loss 'bce' takes probabilities (last_layer: sigmoid) and "
                "'bce_with_logits' takes logits (last_layer: logits); "
                f"got loss {self.loss!r} with last_layer {self.last_layer!r}"
            )
        if self.pos_weight is not None and self.loss == "bce":
            raise ValueError("pos_weight needs loss 'bce_with_logits' (and last_layer 'logits')")
        if (self.head == "linear") != (self.penalty is not None):
            raise ValueError("penalty goes with head 'linear', and only with it")
        return self

    @property
    def leaves_open(self) -> bool:
        """Whether there is more to do than to train the head mlp on all columns of "train"."""
        return self.head != "mlp" or self.backbones != "all" or self.validation != "part"

    def schedule(self, modality: str) -> Schedule:
        """The modality's training schedule."""
        return self.image if modality == "image" else self.video


class RunParams(Section):
    """What every run can be told. Paths are absolute here, whatever the file says."""

    run: Name  # the folder reports/<run>
    seed: Annotated[int, Field(ge=0)] = 42
    reports: Annotated[ProjectPath, Field(strict=False)] = PROJECT_ROOT / "reports"
    artifacts: Annotated[ProjectPath, Field(strict=False)] = PROJECT_ROOT / "artifacts"
    policies: Policies = Field(default={})  # operating points that are compared
    costs: Costs | None = None  # of a miss, a false alarm and a review
    volume: Volume | None = None  # how much comes in, and what people can look at
    mute: list[FindingCode] = Field(default=[])  # findings that the first screen leaves out
    lang: Literal["ko", "en"] = "ko"  # of the page and its figures

    @model_validator(mode="after")
    def _policies_are_whole(self) -> Self:
        check_policies(self.policies, self.costs, self.volume)
        return self

    @property
    def run_dir(self) -> Path:
        """The run's folder, below `reports`."""
        return self.reports / self.run


class Params(RunParams):
    """Everything that a run from media to report can be told, as one checked object.

    `load_params` makes it.
    """

    trains: ClassVar[bool] = True

    seeds: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1)] | None = None
    modalities: list[Modality] = Field(default=list(MODALITIES), min_length=1)
    device: str = "auto"  # auto, cpu, cuda, cuda:1, …
    # Where features are extracted: here, or on the cluster that RAY_ADDRESS names (else Ray starts
    # here). The vectors are the same
    engine: Literal["local", "ray"] = "local"
    # Of all machines of the extraction together, in any currency; for the estimate of a long one
    price_per_hour: Annotated[float, Field(ge=0)] | None = None
    # Where vectors are kept: a folder or an address (s3://bucket/features) that all machines of the
    # extraction see; None: artifacts/features
    features_at: VectorsRoot = None
    data: DataParams
    splits: SplitParams = SplitParams()
    features: FeatureParams = FeatureParams()
    prevalence: PrevalenceParams = PrevalenceParams()
    gallery: GalleryParams = GalleryParams()
    near_duplicates: NearDuplicateParams = NearDuplicateParams()
    study: StudyParams | None = None
    # Whether the report sets its figures beside those of the earlier report that it came from
    compare_with_published: bool = False
    # Or beside printed figures of your own: a CSV as `harmlib audit` reads it
    published: Annotated[ProjectPath, Field(strict=False)] | None = None
    variants: Annotated[dict[Name, Variant], Field(min_length=1)]  # folders models/<variant>

    @model_validator(mode="after")
    def _each_modality_once(self) -> Params:
        if len(set(self.modalities)) < len(self.modalities):
            raise ValueError("modalities must not repeat")
        return self

    @model_validator(mode="after")
    def _each_variant_a_folder(self) -> Params:
        check_apart(self.variants)
        return self

    @model_validator(mode="after")
    def _seeds_of_folds(self) -> Params:
        if self.seeds is None:
            return self
        if self.splits.folds is None:
            raise ValueError(
                "seeds are those of the folds' trainings: set splits.folds, or leave seeds out"
            )
        if len(set(self.seeds)) < len(self.seeds):
            raise ValueError(f"seeds must not repeat; got {self.seeds}")
        return self

    @model_validator(mode="after")
    def _one_earlier_report(self) -> Params:
        if self.compare_with_published and self.published is not None:
            raise ValueError(
                "compare_with_published is of the project's own earlier report, published of "
                "yours: leave one of them out"
            )
        return self

    @model_validator(mode="after")
    def _study_of_folds(self) -> Params:
        if self.study is not None and self.splits.folds is None:
            raise ValueError("the study trains on folds: set splits.folds, or leave study out")
        return self

    @model_validator(mode="after")
    def _policies_of_sections(self) -> Params:
        check_sections(self.policies, self.sections)
        return self

    @model_validator(mode="after")
    def _one_network_for_all_categories(self) -> Params:
        if self.data.categories is None:
            return self
        if self.splits.folds is not None:
            raise ValueError(
                "data.labels: category is judged on the test split; set splits.folds to null"
            )
        if self.prevalence != PrevalenceParams():
            raise ValueError(
                "prevalence is the share of all harmful items, and data.labels: category has a "
                "threshold for each category; leave prevalence out"
            )
        for name, spec in self.variants.items():
            if spec.leaves_open:
                raise ValueError(
                    f"{name} is not available with data.labels: category: one network for all "
                    "categories has head mlp, backbones all and validation part; leave it out with "
                    f"variants: {{{name}: null}}"
                )
        return self

    @property
    def sections(self) -> list[str]:
        """What has thresholds of its own: the modalities, or each with each category."""
        if self.data.categories is None:
            return list(self.modalities)
        return [section for m in self.modalities for section in self.sections_of(m)]

    @property
    def vectors(self) -> Path | Address:
        """The folder of all feature stores, on this machine or elsewhere."""
        return self.features_at or self.artifacts / "features"

    @property
    def compared(self) -> bool:
        """Whether there are printed figures to compare with."""
        return self.compare_with_published or self.published is not None

    def sections_of(self, modality: str) -> list[str]:
        """The sections of one modality: itself, or it with each category (``image-gun``)."""
        if self.data.categories is None:
            return [modality]
        return [f"{modality}-{category}" for category in self.data.categories]

    def modality_of(self, section: str) -> Modality:
        """The modality of a section."""
        return "image" if section.partition("-")[0] == "image" else "video"

    def category_of(self, section: str) -> str | None:
        """The category of a section; None where it is a whole modality."""
        return section.partition("-")[2] or None

    @property
    def fold_seeds(self) -> list[int]:
        """The seeds with which every fold is trained; `seed` alone where `seeds` is null."""
        return [self.seed] if self.seeds is None else self.seeds

    @property
    def folds(self) -> int | None:
        """How many folds judge every item; None without folds."""
        return self.splits.folds

    def prevalence_of(self, modality: str) -> float | None:
        """The share of harmful items in a section's traffic; None where it is not known."""
        return self.prevalence.of(modality)
