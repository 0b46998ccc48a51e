#ifndef SATGATE_CTASK_SHIM_H
#define SATGATE_CTASK_SHIM_H

#include <stddef.h>

/* What the compiler calls for the frames of asynchronous functions; of the runtime's stable ABI. They are the current task's stack. */
__attribute__((swiftcall)) void *swift_task_alloc(size_t size);
__attribute__((swiftcall)) void swift_task_dealloc(void *memory);

/* Has the current task's stack get room for frames of so many bytes at once; only within a task. */
static inline void satgate_task_reserve(size_t bytes) { swift_task_dealloc(swift_task_alloc(bytes)); }

#endif
