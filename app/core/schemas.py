"""What schemas are made of; the text under a field is its description in the OpenAPI document."""

from typing import Annotated, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StrictInt

Item = TypeVar("Item", bound=BaseModel)

Version = Annotated[
    int, Field(description="1 at first, one more with each change; ETags are made of it.")
]
Epoch = Annotated[
    StrictInt,
    Field(ge=1, le=32767, description="Number of the key epoch, as GET /v1/oprf/keys tells it."),
]


class Sent(BaseModel):
    """A body that is sent; it is refused with a field that the schema does not have."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Read(BaseModel):
    """An answer, or a part of one."""

    model_config = ConfigDict(frozen=True, use_attribute_docstrings=True)


class PageRead(Read, Generic[Item]):
    """One page of a list."""

    # pydantic would look for the text of each `PageRead[...]` in every frame: 50 ms, and no text
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: Annotated[
        tuple[Item, ...],
        Field(description="At most as many as `limit` says; the last page may be empty."),
    ]
    next_cursor: Annotated[
        str | None,
        Field(
            description="To be sent as `cursor` for the page after this one; null after the last."
        ),
    ] = None
