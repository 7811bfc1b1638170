// The whole core with test cameras: pipelines of every codec at once, each used by several threads and closed at any
// moment, with and without faults. It checks what users rely on; the sanitizers check the threads.
#include <dirent.h>
#include <glib.h>

#include <atomic>
#include <cstdlib>
#include <memory>

#include "core/gst_init.h"
#include "pipeline_user.h"
#include "test_camera.h"

namespace {

constexpr const char* kCodecs[] = {"h264", "h265", "mjpeg", "vp8"};
constexpr size_t kCameras = std::size(kCodecs);

int EntriesOf(const char* folder) {
  DIR* directory = opendir(folder);
  if (directory == nullptr) return -1;
  int count = 0;
  while (readdir(directory) != nullptr) ++count;
  closedir(directory);
  return count;
}

struct Usage {
  int threads = EntriesOf("/proc/self/task"), descriptors = EntriesOf("/proc/self/fd");
};

// The usage once it has been stable for half a second: GLib's threads end late.
Usage Settled() {
  Usage last;
  for (int i = 0, same = 0; same < 20 && i < 400; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
    const Usage now;
    same = now.threads == last.threads && now.descriptors == last.descriptors ? same + 1 : 0;
    last = now;
  }
  return last;
}

// Starts users of four kinds per camera, and makes the fault once all that wait for it have frames.
class Round {
 public:
  // ends: the fault ends streams that are not closed.
  Round(std::unique_ptr<TestCamera> (&cameras)[kCameras], const std::string& fault, bool ends, std::minstd_rand& random)
      : ends_(ends) {
    for (size_t i = 0; i < kCameras; ++i) {
      const std::string& url = cameras[i]->url();
      auto start = [&, i, url](bool (Round::*use)(PipelineUser&, int)) {
        const unsigned seed = random();
        threads_.emplace_back([this, i, url, use, seed] {
          const int ms = static_cast<int>(seed % 300);
          frames_[i] += UsePipeline(url, seed, [&](PipelineUser& user) { return (this->*use)(user, ms); }).frames;
        });
      };
      start(&Round::ClosedDuringConnect);
      start(&Round::ClosedBeforeTheFirstFrame);
      start(&Round::ClosedWhileFramesFlow);
      start(&Round::ClosedAtItsEnd);
    }
    {
      std::unique_lock<std::mutex> lock(mutex_);
      CHECK(changed_.wait_for(lock, std::chrono::seconds(30),
                              [this] { return with_frames_ == 2 * static_cast<int>(kCameras); }));
    }
    for (auto& camera : cameras) {
      if (!fault.empty()) camera->Command(fault);
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      fault_made_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
    for (auto& camera : cameras) camera->Command("clear");
    for (size_t i = 0; i < kCameras; ++i) {
      std::fprintf(stderr, "%s %s: %d frames\n", kCodecs[i], fault.empty() ? "no fault" : fault.c_str(),
                   frames_[i].load());
      CHECK(frames_[i] >= 4);
    }
  }

 private:
  static void Pause(int ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

  bool ClosedDuringConnect(PipelineUser&, int ms) {
    Pause(ms / 8);
    return true;
  }

  bool ClosedBeforeTheFirstFrame(PipelineUser& user, int) {
    // On a slow machine the fault may come first.
    const bool succeeded =
        user.WaitUntil([this](const PipelineUser::Seen& seen) { return seen.streams > 0 || (ends_ && seen.ends > 0); });
    user.RequestClose();
    std::thread other([&] { user.Close(); });
    user.Close();
    other.join();
    return succeeded;
  }

  bool ClosedWhileFramesFlow(PipelineUser& user, int ms) {
    const bool succeeded = WaitForFrames(user);
    Pause(ms);
    return succeeded;
  }

  bool ClosedAtItsEnd(PipelineUser& user, int) {
    if (!WaitForFrames(user)) return false;
    const int before = user.seen().frames;
    if (!ends_) return user.WaitUntil([before](const PipelineUser::Seen& seen) { return seen.frames > before + 4; });
    return user.WaitUntil(
        [](const PipelineUser::Seen& seen) { return seen.ends == 1 && seen.end.rfind("ERR_SOURCE_", 0) == 0; });
  }

  // Waits until frames have arrived and the fault was made.
  bool WaitForFrames(PipelineUser& user) {
    if (!user.WaitUntil([](const PipelineUser::Seen& seen) { return seen.frames >= 2; })) return false;
    std::unique_lock<std::mutex> lock(mutex_);
    ++with_frames_;
    changed_.notify_all();
    return changed_.wait_for(lock, std::chrono::seconds(40), [this] { return fault_made_; });
  }

  const bool ends_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int with_frames_ = 0;
  bool fault_made_ = false;
  std::atomic<int> frames_[kCameras] = {};
  std::vector<std::thread> threads_;
};

TEST(PipelinesLeakNothingWithOrWithoutFaults) {
  std::unique_ptr<TestCamera> cameras[kCameras];
  for (size_t i = 0; i < kCameras; ++i) cameras[i] = std::make_unique<TestCamera>(kCodecs[i]);
  if (check::failures > 0) return;

  const char* given = std::getenv("FRAMEGATE_SEED");
  const unsigned seed = given ? static_cast<unsigned>(std::atoi(given)) : std::random_device()();
  std::fprintf(stderr, "FRAMEGATE_SEED=%u\n", seed);
  std::minstd_rand random(seed);

  CHECK(framegate::EnsureGstInit().empty());
  g_thread_pool_set_max_unused_threads(0);  // Otherwise GLib's idle threads would be counted.
  Round no_fault(cameras, "", false, random);
  const Usage before = Settled();
  Round reset(cameras, "fault rst", true, random);
  Round lossy(cameras, "fault loss 5", false, random);
  Round silent(cameras, "fault silence", true, random);
  const Usage after = Settled();
  std::fprintf(stderr, "threads %d, %d; descriptors %d, %d\n", before.threads, after.threads, before.descriptors,
               after.descriptors);
  CHECK(after.threads <= before.threads);
  CHECK(after.descriptors <= before.descriptors);
}

}  // namespace

int main() { return check::RunTests(); }
