// Counts allocations of the process it is preloaded into. Each SIGUSR2 prints on standard error, all since the start:
// "ALLOCATIONS <count> <bytes> <those of up to 16 bytes> <up to 32> <up to 64> …"
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void *__libc_realloc(void *, size_t);
extern void *__libc_memalign(size_t, size_t);

enum { CLASSES = 16 };  // the last is of all above 256 KiB
static atomic_ulong count, bytes, sizes[CLASSES];

static void note(size_t size) {
    atomic_fetch_add_explicit(&count, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&bytes, size, memory_order_relaxed);
    int class = 0;
    while (class < CLASSES - 1 && size > (size_t)16 << class) class++;
    atomic_fetch_add_explicit(&sizes[class], 1, memory_order_relaxed);
}

void *malloc(size_t size) { note(size); return __libc_malloc(size); }
void *calloc(size_t number, size_t size) { note(number * size); return __libc_calloc(number, size); }
void *realloc(void *old, size_t size) { note(size); return __libc_realloc(old, size); }
void *aligned_alloc(size_t alignment, size_t size) { note(size); return __libc_memalign(alignment, size); }
int posix_memalign(void **out, size_t alignment, size_t size) {
    note(size);
    *out = __libc_memalign(alignment, size);
    return *out ? 0 : ENOMEM;
}

static void say(int signal) {
    char text[512];
    int length = snprintf(text, sizeof text, "ALLOCATIONS %lu %lu", atomic_load(&count), atomic_load(&bytes));
    for (int class = 0; class < CLASSES; class++) length += snprintf(text + length, sizeof text - length, " %lu", atomic_load(&sizes[class]));
    text[length++] = '\n';
    if (write(2, text, (size_t)length) < 0) return;
}

__attribute__((constructor)) static void begin(void) { signal(SIGUSR2, say); }
