"""Every page of the registry."""

from fastapi import APIRouter

from app.web import (
    case_routes,
    handling_routes,
    handling_steps,
    help_routes,
    overlap_routes,
    sign_in_routes,
)

router = APIRouter()
PARTS = (
    *(sign_in_routes, overlap_routes, case_routes, handling_routes, handling_steps, help_routes),
)
for part in PARTS:
    router.include_router(part.router)
