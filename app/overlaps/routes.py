from fastapi import APIRouter, Request

from app.core.deps import Now, Session, Settings
from app.core.errors import UnavailableError
from app.core.http import StrictRoute
from app.core.openapi import PUBLIC, operation
from app.identifiers.kinds import MATCH_SPEC
from app.identifiers.names import COMMONNESS_SHA256, NICKNAMES_SHA256
from app.overlaps.keyring import Keyring
from app.overlaps.schemas import EvaluatorKeys, OprfKeysRead, PreviousKeys

router = APIRouter(prefix="/v1", tags=["tokens"], route_class=StrictRoute)


@router.get("/oprf/keys", openapi_extra=operation(UnavailableError, scope=PUBLIC))
async def read_oprf_keys(
    request: Request, session: Session, settings: Settings, now: Now
) -> OprfKeysRead:
    """Tell which match specification, key epoch and public keys tokens are made with."""
    keyring: Keyring = request.app.state.keyring
    epochs = await keyring.refresh(session)
    evaluator = EvaluatorKeys(
        id="evaluator-1",
        url=settings.evaluator_url.rstrip("/"),
        classes=keyring.classes(epochs.current),
    )
    previous = [
        PreviousKeys(
            epoch=epoch, classes=keyring.classes(epoch), accepted_until=epochs.accepted_until
        )
        for epoch in epochs.accepted(now)[1:]
        if epochs.accepted_until is not None
    ]
    return OprfKeysRead(
        match_spec=MATCH_SPEC,
        nicknames_sha256=NICKNAMES_SHA256,
        commonness_sha256=COMMONNESS_SHA256,
        epoch=epochs.current,
        evaluators=(evaluator,),
        previous=previous[0] if previous else None,
    )
