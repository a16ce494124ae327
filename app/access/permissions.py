from enum import StrEnum


class Permission(StrEnum):
    """What a principal may do: the actions of the policy table.

    `CLIENT_SCOPES` are the OAuth scopes of machine clients too.
    """

    CASES_POST = "cases:post"
    CASES_READ = "cases:read"
    CASES_OVERSEE = "cases:oversee"
    SUMMARIES_VOUCH = "summaries:vouch"
    OVERLAPS_READ = "overlaps:read"
    OVERLAPS_JUDGE = "overlaps:judge"
    HANDLING_READ = "handling:read"
    HANDLING_REQUEST = "handling:request"
    HANDLING_ANSWER = "handling:answer"
    HANDLING_SIGN = "handling:sign"
    MATTERS_WORK = "matters:work"
    GRANTS_READ = "grants:read"
    GRANTS_GIVE = "grants:give"
    GRANTS_APPROVE = "grants:approve"
    WALLS_SET = "walls:set"
    WALLS_LIFT = "walls:lift"
    GLASS_BREAK = "glass:break"
    GLASS_REVIEW = "glass:review"
    STATE_OVERLAPS_READ = "state-overlaps:read"
    SUPPRESSIONS_MANAGE = "suppressions:manage"
    TOKENS_EVALUATE = "tokens:evaluate"
    DEFENDANT_FEED_READ = "defendant-feed:read"
    DEFENDANT_FEED_CHOOSE = "defendant-feed:choose"
    INFUSION_READ = "infusion:read"
    INFUSION_ASK = "infusion:ask"
    INFUSION_ANSWER = "infusion:answer"
    INFUSION_OFFER = "infusion:offer"
    INSIGHTS_READ = "insights:read"
    AGENDAS_READ = "agendas:read"
    OFFICES_READ = "offices:read"
    OFFICES_MANAGE = "offices:manage"
    CONTACTS_SET = "contacts:set"
    COMMITMENTS_SIGN = "commitments:sign"
    AGREEMENTS_SIGN = "agreements:sign"
    PROVIDERS_SET = "providers:set"
    CLIENTS_MANAGE = "clients:manage"
    PEOPLE_MANAGE = "people:manage"
    PEOPLE_REVIEW = "people:review"
    RUNS_READ = "runs:read"
    AUDIT_READ = "audit:read"
    ALARMS_READ = "alarms:read"
    NOTICES_READ = "notices:read"
    WEBHOOKS_MANAGE = "webhooks:manage"


_NEVER_A_CLIENTS = {
    *(Permission.CASES_OVERSEE, Permission.SUMMARIES_VOUCH),
    *(Permission.GRANTS_APPROVE, Permission.WALLS_SET, Permission.WALLS_LIFT),
    *(Permission.GLASS_BREAK, Permission.GLASS_REVIEW),
    *(Permission.HANDLING_SIGN, Permission.MATTERS_WORK),
    *(Permission.DEFENDANT_FEED_CHOOSE, Permission.INFUSION_OFFER),
    *(Permission.INSIGHTS_READ, Permission.AGENDAS_READ),
    *(Permission.OFFICES_MANAGE, Permission.PEOPLE_MANAGE, Permission.PEOPLE_REVIEW),
    *(Permission.CONTACTS_SET, Permission.COMMITMENTS_SIGN, Permission.CLIENTS_MANAGE),
    *(Permission.AGREEMENTS_SIGN, Permission.PROVIDERS_SET),
    *(Permission.RUNS_READ, Permission.AUDIT_READ, Permission.WEBHOOKS_MANAGE),
    *(Permission.ALARMS_READ, Permission.NOTICES_READ),
}
CLIENT_SCOPES = tuple(scope for scope in Permission if scope not in _NEVER_A_CLIENTS)
"""What a machine client can be granted; the policy table must say the same (policy.py)."""
