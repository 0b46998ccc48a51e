#include "dashboard.h"

// The compiler of every toolchain that builds this package knows #embed; the package's C standard is older.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char monitor_css[] = {
#embed "files/monitor.css"
};
static const unsigned char api_js[] = {
#embed "files/api.js"
};
static const unsigned char budgets_js[] = {
#embed "files/budgets.js"
};
static const unsigned char charts_js[] = {
#embed "files/charts.js"
};
static const unsigned char dialogs_js[] = {
#embed "files/dialogs.js"
};
static const unsigned char dom_js[] = {
#embed "files/dom.js"
};
static const unsigned char events_js[] = {
#embed "files/events.js"
};
static const unsigned char feed_js[] = {
#embed "files/feed.js"
};
static const unsigned char format_js[] = {
#embed "files/format.js"
};
static const unsigned char lists_js[] = {
#embed "files/lists.js"
};
static const unsigned char monitor_js[] = {
#embed "files/monitor.js"
};
static const unsigned char nodes_js[] = {
#embed "files/nodes.js"
};
static const unsigned char overview_js[] = {
#embed "files/overview.js"
};
static const unsigned char parts_js[] = {
#embed "files/parts.js"
};
static const unsigned char sessions_js[] = {
#embed "files/sessions.js"
};
static const unsigned char shadow_js[] = {
#embed "files/shadow.js"
};
static const unsigned char table_js[] = {
#embed "files/table.js"
};
static const unsigned char tokens_js[] = {
#embed "files/tokens.js"
};
static const unsigned char upstreams_js[] = {
#embed "files/upstreams.js"
};

#define ASSET(path, type, bytes) {path, type "; charset=utf-8", bytes, sizeof bytes}

static const satgate_dashboard_entry files[] = {
    ASSET("/", "text/html", index_html),
    ASSET("/monitor.css", "text/css", monitor_css),
    ASSET("/api.js", "text/javascript", api_js),
    ASSET("/budgets.js", "text/javascript", budgets_js),
    ASSET("/charts.js", "text/javascript", charts_js),
    ASSET("/dialogs.js", "text/javascript", dialogs_js),
    ASSET("/dom.js", "text/javascript", dom_js),
    ASSET("/events.js", "text/javascript", events_js),
    ASSET("/feed.js", "text/javascript", feed_js),
    ASSET("/format.js", "text/javascript", format_js),
    ASSET("/lists.js", "text/javascript", lists_js),
    ASSET("/monitor.js", "text/javascript", monitor_js),
    ASSET("/nodes.js", "text/javascript", nodes_js),
    ASSET("/overview.js", "text/javascript", overview_js),
    ASSET("/parts.js", "text/javascript", parts_js),
    ASSET("/sessions.js", "text/javascript", sessions_js),
    ASSET("/shadow.js", "text/javascript", shadow_js),
    ASSET("/table.js", "text/javascript", table_js),
    ASSET("/tokens.js", "text/javascript", tokens_js),
    ASSET("/upstreams.js", "text/javascript", upstreams_js),
};

size_t satgate_dashboard_count(void) { return sizeof files / sizeof files[0]; }
satgate_dashboard_entry satgate_dashboard_file(size_t index) { return files[index]; }
