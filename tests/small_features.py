"""The three backbones as small as they come, for tests that are not about them."""

SMALL_FEATURES = {
    "video_frames": 2,
    "precision": "fp32",
    "clip": {"weights": "untrained", "architecture": "ViT-Ti/32"},
    "yolo": {"weights": "untrained", "image_size": 64},
    "slowfast": {"weights": "untrained", "architecture": "slowfast_r18_8x8", "image_size": 64},
}
