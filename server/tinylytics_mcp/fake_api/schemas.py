"""JSON schemas of everything the API says and takes, from the examples of the API document."""

from tinylytics_mcp.fake_api.schema_parts import (
    COUNT,
    DAYS,
    NUMBER,
    SITE_FIELDS,
    TEXT,
    TEXT_OR_NULL,
    TIME,
    TRUTH,
    Schema,
    items,
    one,
    or_null,
    record,
    ref,
)
from tinylytics_mcp.fake_api.schemas_monitoring import MONITORING_SCHEMAS

_HIT_FIELDS: dict[str, Schema] = {
    "id": COUNT,
    "url": TEXT_OR_NULL,
    "path": TEXT,
    "referrer": TEXT_OR_NULL,
    "country": TEXT_OR_NULL,
    "browser_name": TEXT_OR_NULL,
    "platform_name": TEXT_OR_NULL,
    "is_mobile": or_null("boolean"),
    "source": TEXT_OR_NULL,
    "created_at": TIME,
}
_HIT_FILTERS: dict[str, Schema] = {
    **DAYS,
    "country": TEXT_OR_NULL,
    "path": TEXT_OR_NULL,
    "referrer": TEXT_OR_NULL,
    "grouped": TRUTH,
}
_GROUP: Schema = {
    "oneOf": [
        record({"path": TEXT, "views": COUNT, "unique_views": COUNT}, optional=("unique_views",)),
        *(
            record({name: TEXT_OR_NULL, "hit_count": COUNT})
            for name in ("country", "referrer", "browser_name", "platform_name", "source")
        ),
    ]
}
_JOURNEY = record(
    {
        "visitor_hash": TEXT,
        "page_count": COUNT,
        "first_hit": TIME,
        "last_hit": TIME,
        "duration_minutes": NUMBER,
        "pages": items(record({"path": TEXT})),
        "entry_page": TEXT,
        "exit_page": TEXT,
        "session_duration": {**COUNT, "description": "Seconds"},
        "referrer": TEXT_OR_NULL,
        "country": TEXT_OR_NULL,
        "browser": TEXT_OR_NULL,
    }
)
_TOP_PAGES = items(record({"path": TEXT, "visitors": COUNT}))
SCHEMAS: dict[str, Schema] = {
    "Error": record({"error": TEXT}),
    "ValidationError": record({"status": one("error"), "errors": items(TEXT)}),
    "Pagination": record({"current_page": COUNT, "per_page": COUNT, "total_count": COUNT, "total_pages": COUNT}),
    "Discovery": {"type": "object"},
    "OpenApiDocument": {"type": "object"},
    "Account": record(
        {
            "id": COUNT,
            "email": TEXT,
            "is_subscribed": TRUTH,
            "created_at": TIME,
            "api_key": record({"name": TEXT, "access_type": TEXT, "last_used_at": TIME}),
        }
    ),
    "Sites": record({"sites": items(ref("Site"))}),
    "Site": record(
        {
            **SITE_FIELDS,
            "lifetime_hits": COUNT,
            "lifetime_unique_hits": COUNT,
            "lifetime_kudos": COUNT,
            "active": TRUTH,
            "public": TRUTH,
            "created_at": TIME,
            "updated_at": TIME,
        }
    ),
    "HitsOrGroups": {"oneOf": [ref("Hits"), ref("GroupedHits")]},
    "Hits": record(
        {"hits": items(record(_HIT_FIELDS)), "pagination": ref("Pagination"), "filters": record(_HIT_FILTERS)}
    ),
    "GroupedHits": record(
        {
            "grouped_hits": items(_GROUP),
            "pagination": ref("Pagination"),
            "filters": record({**_HIT_FILTERS, "group_by": TEXT}),
        }
    ),
    "CreatedHit": record(
        {
            "status": one("created"),
            "hit": record({**_HIT_FIELDS, "unique_hash": TEXT_OR_NULL, "visitor_hash": TEXT_OR_NULL}),
        }
    ),
    "Ignored": record({"status": one("ignored"), "reason": TEXT}),
    "Batch": record(
        {
            "created_count": COUNT,
            "ignored_count": COUNT,
            "error_count": COUNT,
            "results": items(
                record(
                    {
                        "index": COUNT,
                        "status": {"type": "string", "enum": ["created", "ignored", "error"]},
                        "reason": TEXT,
                        "errors": items(TEXT),
                    },
                    optional=("reason", "errors"),
                )
            ),
        }
    ),
    "Kudo": record({"id": COUNT, "uid": TEXT, "path": TEXT, "created_at": TIME}),
    "Kudos": record(
        {
            "kudos": items(ref("Kudo")),
            "pagination": ref("Pagination"),
            "filters": record({**DAYS, "path": TEXT_OR_NULL, "uid": TEXT_OR_NULL}),
        }
    ),
    "CreatedKudo": record({"status": one("created"), "kudo": ref("Kudo")}),
    "DeletedKudo": record({"status": one("deleted"), "uid": TEXT}),
    "Leaderboard": record(
        {
            "leaderboard": items(
                record({"path": TEXT, "total_hits": COUNT, "unique_hits": COUNT, "percentage": NUMBER})
            ),
            "site": record(SITE_FIELDS),
            "pagination": ref("Pagination"),
            "cache_info": record({"cached_at": TIME, "expires_at": TIME}),
            "filters": record({"path": TEXT_OR_NULL}),
        }
    ),
    "UserJourneys": record(
        {
            "user_journeys": items(_JOURNEY),
            "summary": record(
                {
                    "total_visitors": COUNT,
                    "multi_page_visitors": COUNT,
                    "single_page_visitors": COUNT,
                    "bounce_rate": NUMBER,
                }
            ),
            "insights": record({"top_entry_pages": _TOP_PAGES, "top_exit_pages": _TOP_PAGES}),
            "pagination": ref("Pagination"),
            "filters": record(DAYS),
        }
    ),
    "NewHit": record(
        {
            "path": TEXT,
            **dict.fromkeys(("country", "ip_address", "url", "referrer", "user_agent", "visitor_id", "source"), TEXT),
        },
        optional=("country", "ip_address", "url", "referrer", "user_agent", "visitor_id", "source"),
    ),
    "NewHits": items(ref("NewHit")),
    "NewKudo": record({"path": TEXT, "custom_uid": TEXT}, optional=("custom_uid",)),
    **MONITORING_SCHEMAS,
}
