from typing import Any, Final

EXAMPLES: Final[dict[str, Any]] = {
    "OprfKeysRead": {
        "match_spec": "joinder/v1",
        "nicknames_sha256": "25e982192dc7b28d1e56a71855e75ccd416d4d90c7717b6c46d4e59bed0d61ac",
        "commonness_sha256": "a4d9fd63905293d28cc31ccf768c7d1aae3a8c7699a2621b737d3baaf9faaa86",
        "epoch": 1,
        "evaluators": [
            {
                "id": "evaluator-1",
                "url": "https://evaluator.example",
                "classes": {
                    "person": "d498e77ec143213df810e984835ee87d4787c25c994622281c81ea982e21aa28",
                    "tel": "d8a3a78ce421db8c76170d12bf1bd784b26f6e07267af72784dca278d9ad214e",
                    "addr": "7ada123968fe87901716392e4e84a21934511816fa1d87df78c7949155e0310a",
                },
            }
        ],
        "previous": None,
    },
}
"""Examples by name of schema, for the OpenAPI document; the keys belong to no installation."""
