#include "dashboard.h"

// The compiler of every toolchain that builds this package knows #embed; the package's C standard is older.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char index_html[] = {
#embed "files/index.html"
};
static const unsigned char monitor_css[] = {
#embed "files/monitor.css"
};
static const unsigned char monitor_js[] = {
#embed "files/monitor.js"
};

static const satgate_dashboard_entry files[] = {
    {"/", "text/html; charset=utf-8", index_html, sizeof index_html},
    {"/monitor.css", "text/css; charset=utf-8", monitor_css, sizeof monitor_css},
    {"/monitor.js", "text/javascript; charset=utf-8", monitor_js, sizeof monitor_js},
};

size_t satgate_dashboard_count(void) { return sizeof files / sizeof files[0]; }
satgate_dashboard_entry satgate_dashboard_file(size_t index) { return files[index]; }
