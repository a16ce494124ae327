"""Imports every model, so that `Base.metadata` is the whole schema."""

from app.accounts import models as accounts
from app.agendas import models as agendas
from app.alarms import models as alarms
from app.audit import models as audit
from app.cases import models as cases
from app.checks import models as checks
from app.contact_requests import models as contact_requests
from app.core.models import Base
from app.defendants import models as defendants
from app.epochs import models as epochs
from app.followups import models as followups
from app.handling import models as handling
from app.infusion import models as infusion
from app.insights import models as insights
from app.jobs import models as jobs
from app.lapses import models as lapses
from app.mails import models as mails
from app.matters import models as matters
from app.notices import models as notices
from app.notifications import models as notifications
from app.offices import models as offices
from app.overlaps import models as overlaps
from app.pairs import models as pairs
from app.people import models as people
from app.proposals import models as proposals
from app.queues import models as queues
from app.quotas import models as quotas
from app.recounting import models as recounting
from app.rematching import models as rematching
from app.retention import models as retention
from app.reviews import models as reviews
from app.second_looks import models as second_looks
from app.sharing import models as sharing
from app.suppressions import models as suppressions
from app.teamwork import models as teamwork
from app.webhooks import models as webhooks

__all__ = [
    "Base",
    "accounts",
    "agendas",
    "alarms",
    "audit",
    "cases",
    "checks",
    "contact_requests",
    "defendants",
    "epochs",
    "followups",
    "handling",
    "infusion",
    "insights",
    "jobs",
    "lapses",
    "mails",
    "matters",
    "notices",
    "notifications",
    "offices",
    "overlaps",
    "pairs",
    "people",
    "proposals",
    "queues",
    "quotas",
    "recounting",
    "rematching",
    "retention",
    "reviews",
    "second_looks",
    "sharing",
    "suppressions",
    "teamwork",
    "webhooks",
]
