#pragma once
#include <stddef.h>

/// The OpenAPI document of the admin API, embedded in the program.
typedef struct {
    const unsigned char *bytes;
    size_t size;
} satgate_openapi_document;

satgate_openapi_document satgate_openapi(void);
