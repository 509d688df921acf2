"""Every setting, typed, once: `params/*.yaml` in, a checked `Params` out."""

from harmlib.params.loading import (
    VARIANTS_FILE,
    file_to_run,
    load_params,
    params_path,
    project_params_path,
)
from harmlib.params.places import PROJECT_ROOT
from harmlib.params.schema import (
    MAX_FRAMES,
    MAX_PIXELS,
    MODALITIES,
    ClipParams,
    DataParams,
    FeatureParams,
    GalleryParams,
    Modality,
    MotionParams,
    Params,
    PrevalenceParams,
    Schedule,
    Section,
    SlowFastParams,
    SplitParams,
    StudyParams,
    Variant,
    YoloParams,
)
from harmlib.params.yaml_reading import ParamsError

__all__ = [
    "MAX_FRAMES",
    "MAX_PIXELS",
    "MODALITIES",
    "PROJECT_ROOT",
    "VARIANTS_FILE",
    "ClipParams",
    "DataParams",
    "FeatureParams",
    "GalleryParams",
    "Modality",
    "MotionParams",
    "Params",
    "ParamsError",
    "PrevalenceParams",
    "Schedule",
    "Section",
    "SlowFastParams",
    "SplitParams",
    "StudyParams",
    "Variant",
    "YoloParams",
    "file_to_run",
    "load_params",
    "params_path",
    "project_params_path",
]
