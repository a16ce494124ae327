from fastapi import APIRouter, Request

from app.core.http import StrictRoute
from app.core.openapi import PUBLIC, operation
from app.overlaps.schemas import OprfKeysRead

router = APIRouter(prefix="/v1", tags=["tokens"], route_class=StrictRoute)


@router.get("/oprf/keys", openapi_extra=operation(scope=PUBLIC))
async def read_oprf_keys(request: Request) -> OprfKeysRead:
    """Tell which match specification, key epoch and public keys tokens are made with."""
    keys: OprfKeysRead = request.app.state.oprf_keys
    return keys
