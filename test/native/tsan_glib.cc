// Reports GLib's locks to ThreadSanitizer: GMutex and GCond are futexes in a library that is not instrumented, so
// without this, each handover between GStreamer's threads would look like a race in Framegate. These functions override
// GLib's own in every library. GLib's other locks are those of pthread, which ThreadSanitizer knows.
#include <dlfcn.h>
#include <glib.h>

// From the compiler's sanitizer/tsan_interface.h, which clang-tidy does not find.
extern "C" void __tsan_acquire(void* address);
extern "C" void __tsan_release(void* address);

namespace {

template <typename Function>
Function Real(Function, const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

#define REAL(name)                                 \
  ([] {                                            \
    static const auto real = Real(&(name), #name); \
    return real;                                   \
  }())

extern "C" {

void g_mutex_lock(GMutex* mutex) {
  REAL(g_mutex_lock)(mutex);
  __tsan_acquire(mutex);
}

gboolean g_mutex_trylock(GMutex* mutex) {
  const gboolean locked = REAL(g_mutex_trylock)(mutex);
  if (locked) __tsan_acquire(mutex);
  return locked;
}

void g_mutex_unlock(GMutex* mutex) {
  __tsan_release(mutex);
  REAL(g_mutex_unlock)(mutex);
}

void g_cond_wait(GCond* cond, GMutex* mutex) {
  __tsan_release(mutex);
  REAL(g_cond_wait)(cond, mutex);
  __tsan_acquire(mutex);
}

gboolean g_cond_wait_until(GCond* cond, GMutex* mutex, gint64 end_time) {
  __tsan_release(mutex);
  const gboolean signaled = REAL(g_cond_wait_until)(cond, mutex, end_time);
  __tsan_acquire(mutex);
  return signaled;
}

}  // extern "C"
