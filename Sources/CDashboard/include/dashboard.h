#pragma once
#include <stddef.h>

/// A file of the dashboard, embedded in the program.
typedef struct {
    const char *path;  // below the origin
    const char *type;  // its media type
    const unsigned char *bytes;
    size_t size;
} satgate_dashboard_entry;

size_t satgate_dashboard_count(void);
satgate_dashboard_entry satgate_dashboard_file(size_t index);
