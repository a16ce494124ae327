"""Every page of the registry."""

from fastapi import APIRouter

from app.web import (
    access_routes,
    account_routes,
    advice_routes,
    agenda_routes,
    case_change_routes,
    case_keeping_routes,
    case_routes,
    contact_routes,
    correction_routes,
    demo_routes,
    follow_up_routes,
    glass_routes,
    handling_routes,
    handling_step_routes,
    help_routes,
    insight_routes,
    machine_routes,
    matter_routes,
    matter_step_routes,
    network_routes,
    notice_routes,
    office_routes,
    overlap_routes,
    oversight_routes,
    people_routes,
    proposal_routes,
    queue_routes,
    quick_check_routes,
    run_routes,
    second_look_routes,
    sign_in_routes,
    state_routes,
    suppression_routes,
    webhook_routes,
)

router = APIRouter()
for part in (
    *(sign_in_routes, account_routes),
    *(queue_routes, overlap_routes, follow_up_routes, state_routes, help_routes),
    *(case_routes, case_change_routes, case_keeping_routes, correction_routes),
    *(handling_routes, handling_step_routes, contact_routes, second_look_routes),
    *(matter_routes, matter_step_routes),
    *(access_routes, glass_routes, oversight_routes),
    *(advice_routes, network_routes, quick_check_routes),
    *(agenda_routes, insight_routes, run_routes),
    *(people_routes, machine_routes, office_routes, proposal_routes),
    *(suppression_routes, notice_routes, webhook_routes, demo_routes),
):
    router.routes.extend(part.router.routes)
