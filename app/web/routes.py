"""Every page of the registry."""

from fastapi import APIRouter

from app.web import (
    access_routes,
    agenda_routes,
    case_routes,
    glass_routes,
    handling_routes,
    handling_step_routes,
    help_routes,
    insight_routes,
    machine_routes,
    notice_routes,
    office_routes,
    overlap_routes,
    oversight_routes,
    people_routes,
    run_routes,
    sign_in_routes,
    suppression_routes,
    webhook_routes,
)

router = APIRouter()
for part in (
    *(sign_in_routes, overlap_routes, case_routes, help_routes),
    *(handling_routes, handling_step_routes),
    *(access_routes, glass_routes, oversight_routes),
    *(agenda_routes, insight_routes, run_routes),
    *(people_routes, machine_routes, office_routes, suppression_routes),
    *(notice_routes, webhook_routes),
):
    router.include_router(part.router)
