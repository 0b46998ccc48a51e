#ifndef SATGATE_CLIBFUZZER_SHIM_H
#define SATGATE_CLIBFUZZER_SHIM_H

#include <stddef.h>
#include <stdint.h>

typedef int (*satgate_fuzz_case)(const uint8_t *bytes, size_t count);

/* libFuzzer's own entry; it is there only where the program is linked with it. */
__attribute__((weak)) int LLVMFuzzerRunDriver(int *argc, char ***argv, satgate_fuzz_case play);

static inline int satgate_has_libfuzzer(void) { return LLVMFuzzerRunDriver != NULL; }

/* Does not return where libFuzzer is there: it ends the process. -1: it is not. */
static inline int satgate_run_libfuzzer(int argc, char **argv, satgate_fuzz_case play) {
    return LLVMFuzzerRunDriver == NULL ? -1 : LLVMFuzzerRunDriver(&argc, &argv, play);
}

#endif
