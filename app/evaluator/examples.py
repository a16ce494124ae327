from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "Evaluate": {
        "epoch": 1,
        "groups": [
            {
                "key_class": "person",
                "elements": [
                    "GPdQLXYnRO065yrcQyb8KpiBnofnrFHwv_s2jwtOCkY",
                    "5p5yaUTIR9sfBWRH_8c_dTc-mj9oXkLSyVeUvhRk0Xk",
                ],
            },
            {"key_class": "tel", "elements": ["msBJWtSwyVgoN5IFhc6zRoVYRzytGcbDApd-kdg31Q4"]},
        ],
    },
    "Evaluated": {
        "epoch": 1,
        "groups": [
            {
                "key_class": "person",
                "elements": [
                    "9PpjEDR-HQU0zXeoRXq8QaH1P5PyVtfxTo7eYXLkzkY",
                    "eDoXUGUA2ckjubICx3Mbt2b1sQL9M8TDzMfhIzRTtiY",
                ],
                "proof": "Qw2IhxAiIz2FaFYFYLRersGjKvO66RNT9Ig35VzUXgC"
                "fhredSSQd0oYK6y2AyKHUvJi4fsPgukv2hPDEvkuSAw",
            },
            {
                "key_class": "tel",
                "elements": ["BMb_Nps2NBpEnc53kAKSZDI8fayWWrF8kCKRLtyNewU"],
                "proof": "4cu30_CJrk-RzaLfsGyrO8XjlpK_x18zVKx5flKazQZ"
                "R9EMn80tatH-PPSYzDWeR7gQjGD1F0RrKd2abeSmvBA",
            },
        ],
    },
}
"""Examples by name of schema, for the OpenAPI document; the elements blind made-up inputs."""
