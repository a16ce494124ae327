"""What can be reached over HTTP: each package's routes, and examples of what they say."""

from typing import Final

from app.access.errors import MissingScopeError
from app.accounts import examples as accounts_examples
from app.accounts import routes as accounts
from app.accounts.deps import admit_caller, current_principal
from app.agendas import examples as agendas_examples
from app.agendas import routes as agendas
from app.alarms import examples as alarms_examples
from app.alarms import routes as alarms
from app.cases import examples as cases_examples
from app.cases import routes as cases
from app.cases.schemas import MAX_CASES
from app.checks import examples as checks_examples
from app.checks import routes as checks
from app.contact_requests import examples as contact_requests_examples
from app.contact_requests import routes as contact_requests
from app.core.errors import UnavailableError
from app.core.http import MAX_BODY_BYTES, Admissions
from app.core.meta import LimitsRead
from app.core.openapi import SERVICE_EXAMPLES
from app.defendants import examples as defendants_examples
from app.defendants import routes as defendants
from app.followups import examples as followups_examples
from app.followups import routes as followups
from app.handling import examples as handling_examples
from app.handling import routes as handling
from app.infusion import examples as infusion_examples
from app.infusion import routes as infusion
from app.insights import examples as insights_examples
from app.insights import routes as insights
from app.jobs import examples as jobs_examples
from app.jobs import routes as jobs
from app.matters import examples as matters_examples
from app.matters import routes as matters
from app.networks import examples as networks_examples
from app.networks import routes as networks
from app.notices import examples as notices_examples
from app.notices import routes as notices
from app.notifications import examples as notifications_examples
from app.notifications import routes as notifications
from app.openings import routes as openings
from app.overlaps import examples as overlaps_examples
from app.overlaps import routes as overlaps
from app.oversight import examples as oversight_examples
from app.oversight import routes as oversight
from app.people import admin_routes as people_administration
from app.people import examples as people_examples
from app.people import me_routes as people_themselves
from app.people import routes as people
from app.people.deps import admit_person, current_sign_in
from app.people.errors import NOT_SIGNED_IN, CrossSiteRequestError
from app.proposals import examples as proposals_examples
from app.proposals import routes as proposals
from app.quick_checks import examples as quick_checks_examples
from app.quick_checks import routes as quick_checks
from app.quotas import examples as quotas_examples
from app.quotas import routes as quotas
from app.reviews import examples as reviews_examples
from app.reviews import routes as reviews
from app.second_looks import examples as second_looks_examples
from app.second_looks import routes as second_looks
from app.sharing import examples as sharing_examples
from app.sharing import routes as sharing
from app.suppressing import examples as suppressing_examples
from app.suppressing import routes as suppressing
from app.teamwork import examples as teamwork_examples
from app.teamwork import routes as teamwork
from app.web import deps as visits
from app.web import routes as web
from app.webhooks import examples as webhooks_examples
from app.webhooks import routes as webhooks

LIMITS: Final = LimitsRead(
    body_bytes=MAX_BODY_BYTES, bulk_body_bytes=cases.MAX_BULK_BYTES, bulk_cases=MAX_CASES
)

PACKAGES: Final = (
    *(accounts, people, people_themselves, people_administration),
    *(
        quotas,
        overlaps,
        cases,
        openings,
        suppressing,
        defendants,
        sharing,
        oversight,
        reviews,
        infusion,
    ),
    *(handling, matters, teamwork, contact_requests, followups, networks, second_looks, checks),
    *(quick_checks, notifications, alarms, notices, webhooks, proposals),
    *(agendas, insights, jobs, web),
)

EXAMPLES: Final = {
    **SERVICE_EXAMPLES,
    **accounts_examples.EXAMPLES,
    **alarms_examples.EXAMPLES,
    **cases_examples.EXAMPLES,
    **checks_examples.EXAMPLES,
    **contact_requests_examples.EXAMPLES,
    **defendants_examples.EXAMPLES,
    **followups_examples.EXAMPLES,
    **handling_examples.EXAMPLES,
    **infusion_examples.EXAMPLES,
    **agendas_examples.EXAMPLES,
    **insights_examples.EXAMPLES,
    **jobs_examples.EXAMPLES,
    **matters_examples.EXAMPLES,
    **networks_examples.EXAMPLES,
    **notices_examples.EXAMPLES,
    **notifications_examples.EXAMPLES,
    **overlaps_examples.EXAMPLES,
    **oversight_examples.EXAMPLES,
    **people_examples.EXAMPLES,
    **proposals_examples.EXAMPLES,
    **quick_checks_examples.EXAMPLES,
    **quotas_examples.EXAMPLES,
    **reviews_examples.EXAMPLES,
    **second_looks_examples.EXAMPLES,
    **sharing_examples.EXAMPLES,
    **suppressing_examples.EXAMPLES,
    **teamwork_examples.EXAMPLES,
    **webhooks_examples.EXAMPLES,
    "MetaRead": {
        "version": "0.1.0",
        "match_spec": "joinder/v1",
        "issuer": "https://registry.example",
        "resources": ["https://registry.example"],
        "limits": LIMITS.model_dump(),
    },
}

CALLERS: Final[Admissions] = {
    current_principal: admit_caller,
    current_sign_in: admit_person,
    visits.form_sign_in: visits.admit_form,
    visits.listening_sign_in: visits.admit_listener,
}
"""What knows who calls, a machine client or a person, and what lets it in before it is heard."""

REFUSALS: Final = (MissingScopeError, UnavailableError), NOT_SIGNED_IN, (CrossSiteRequestError,)
"""Of every operation with a caller; of those that people call too; of changes among these."""
