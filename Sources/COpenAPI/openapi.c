#include "openapi.h"

// The compiler of every toolchain that builds this package knows #embed; the package's C standard is older.
#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char document[] = {
#embed "openapi.json"
};

satgate_openapi_document satgate_openapi(void) { return (satgate_openapi_document){document, sizeof document}; }
