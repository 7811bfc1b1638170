// Used on the decode thread that owns it.
#include "frame_threads.h"

#include <dirent.h>
#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <iterator>
#include <thread>

#include "clocks.h"

namespace framegate {
namespace {

constexpr int kMost = 4;

// Behind a 4-byte length (H.264, 7.3.2.4; H.265, 7.3.2.5): any kind of picture may follow.
constexpr uint8_t kH264Delimiter[] = {0, 0, 0, 2, 0x09, 0xf0};
constexpr uint8_t kH265Delimiter[] = {0, 0, 0, 3, 0x46, 0x01, 0x50};

SamplePtr MakeDelimiter(Codec codec) {
  const bool h265 = codec == Codec::kH265;
  GstBuffer* buffer = h265 ? gst_buffer_new_memdup(kH265Delimiter, sizeof kH265Delimiter)
                           : gst_buffer_new_memdup(kH264Delimiter, sizeof kH264Delimiter);
  SamplePtr sample(gst_sample_new(buffer, nullptr, nullptr, nullptr));
  gst_buffer_unref(buffer);
  return sample;
}

std::vector<pid_t> ThreadsOfProcess() {
  std::vector<pid_t> ids;
  DIR* folder = opendir("/proc/self/task");
  if (!folder) return ids;
  while (const dirent* entry = readdir(folder)) {
    const pid_t id = static_cast<pid_t>(std::strtol(entry->d_name, nullptr, 10));
    if (id > 0) ids.push_back(id);
  }
  closedir(folder);
  std::sort(ids.begin(), ids.end());
  return ids;
}

// Made as pthread_getcpuclockid does, which knows no thread by its number.
clockid_t CpuClockOf(pid_t id) { return static_cast<clockid_t>(~static_cast<unsigned>(id) << 3 | 6); }

std::mutex& StartMutex() {
  static auto* const mutex = new std::mutex();
  return *mutex;
}

}  // namespace

int FrameThreads::Best(Codec codec) {
  const int cores = static_cast<int>(std::thread::hardware_concurrency());  // That this process may use.
  if (cores < 2) return 1;
  if (codec == Codec::kH264) return std::min(cores + 1, kMost);
  return codec == Codec::kH265 ? std::min(cores, kMost) : 1;
}

bool FrameThreads::AreSafe() {
  guint major = 0, minor = 0, micro = 0, nano = 0;
  gst_version(&major, &minor, &micro, &nano);
  if (major > 1 || minor > 22 || (minor == 22 && micro >= 8)) return true;
  // Up to FFmpeg 5, the threads leave get_buffer to the thread that feeds them.
  void* const ffmpeg_5 = dlopen("libavcodec.so.59", RTLD_LAZY | RTLD_NOLOAD);
  if (ffmpeg_5) dlclose(ffmpeg_5);
  return ffmpeg_5 != nullptr;
}

FrameThreads::FrameThreads(Codec codec, int count)
    : count_(count), delimiter_(MakeDelimiter(codec)), starting_(StartMutex()), before_(ThreadsOfProcess()) {}

FrameThreads::~FrameThreads() { ForgetThreads(ids_); }

bool FrameThreads::Adopt() {
  if (!starting_.owns_lock()) return true;
  const std::vector<pid_t> now = ThreadsOfProcess();
  starting_.unlock();
  if (before_.empty()) return false;  // It could not be read.
  std::set_difference(now.begin(), now.end(), before_.begin(), before_.end(), std::back_inserter(ids_));
  return !ids_.empty();
}

int64_t FrameThreads::TakeCpuNs() {
  int64_t cpu_ns = 0;
  for (const pid_t id : ids_) cpu_ns += std::max<int64_t>(0, CpuClockNs(CpuClockOf(id)));
  const int64_t since_ns = std::max<int64_t>(0, cpu_ns - taken_cpu_ns_);
  taken_cpu_ns_ = std::max(cpu_ns, taken_cpu_ns_);
  return since_ns;
}

}  // namespace framegate
