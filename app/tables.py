"""Imports every model, so that `Base.metadata` is the whole schema."""

from app.accounts import models as accounts
from app.audit import models as audit
from app.cases import models as cases
from app.core.models import Base
from app.defendants import models as defendants
from app.epochs import models as epochs
from app.handling import models as handling
from app.infusion import models as infusion
from app.offices import models as offices
from app.overlaps import models as overlaps
from app.pairs import models as pairs
from app.people import models as people
from app.proposals import models as proposals
from app.quotas import models as quotas
from app.rematching import models as rematching
from app.sharing import models as sharing
from app.suppressions import models as suppressions

__all__ = [
    "Base",
    "accounts",
    "audit",
    "cases",
    "defendants",
    "epochs",
    "handling",
    "infusion",
    "offices",
    "overlaps",
    "pairs",
    "people",
    "proposals",
    "quotas",
    "rematching",
    "sharing",
    "suppressions",
]
