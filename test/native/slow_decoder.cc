// A preload (LD_PRELOAD) that slows FFmpeg's decoders down: each picture takes SLOW_DECODER_MS longer, as on a machine
// that is too small for its cameras. If SLOW_DECODER_FILE names an existing file, the number in it applies instead; it
// may change at any time.
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

using SendPacket = int (*)(void* context, const void* packet);

int FindAvcodec(dl_phdr_info* info, size_t, void* name) {
  if (std::strstr(info->dlpi_name, "libavcodec.so") == nullptr) return 0;
  *static_cast<const char**>(name) = info->dlpi_name;
  return 1;
}

SendPacket Real() {
  // A plugin loads it, so RTLD_NEXT does not find it.
  const char* name = nullptr;
  dl_iterate_phdr(FindAvcodec, static_cast<void*>(&name));
  void* library = name != nullptr ? dlopen(name, RTLD_LAZY | RTLD_NOLOAD) : nullptr;
  if (library == nullptr) std::abort();
  return reinterpret_cast<SendPacket>(dlsym(library, "avcodec_send_packet"));
}

int DelayMs() {
  int delay_ms = 0;
  const char* path = std::getenv("SLOW_DECODER_FILE");
  if (FILE* file = path != nullptr ? std::fopen(path, "r") : nullptr) {
    if (std::fscanf(file, "%d", &delay_ms) != 1) delay_ms = 0;
    std::fclose(file);
  } else if (const char* text = std::getenv("SLOW_DECODER_MS")) {
    delay_ms = std::atoi(text);
  }
  return delay_ms;
}

}  // namespace

extern "C" __attribute__((visibility("default"))) int avcodec_send_packet(void* context, const void* packet) {
  static const SendPacket real = Real();
  if (packet != nullptr) usleep(static_cast<useconds_t>(DelayMs()) * 1000);
  return real(context, packet);
}
