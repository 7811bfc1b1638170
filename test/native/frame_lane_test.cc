// The frame lane: readers get the newest frame, whole, and nothing they do changes a frame, stops the writer or leaves
// anything behind.
#include "core/frame_lane.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <atomic>
#include <chrono>
#include <random>
#include <thread>

#include "check.h"
#include "core/clocks.h"
#include "lane_reader.h"

using namespace framegate;

namespace {

constexpr uint64_t kMiB = 1024 * 1024;

// Every pixel has the same value.
struct Picture {
  std::vector<uint8_t> bytes;
  I420View view;

  Picture(int width, int height, uint8_t level) : bytes(static_cast<size_t>(width) * height * 2, level) {
    view = {{bytes.data(), bytes.data(), bytes.data()}, {width, width, width}, width, height, {}};
    view.color.range = GST_VIDEO_COLOR_RANGE_0_255;
  }
};

struct Lane {
  std::string folder = "/tmp/framegate-lane-XXXXXX";
  std::string path;
  std::atomic<int> changes{0};
  FrameLane lane;

  explicit Lane(uint64_t memory_bytes = 64 * kMiB) : lane(memory_bytes, 40, 5, [this] { ++changes; }) {
    CHECK(mkdtemp(folder.data()) != nullptr);
    path = folder + "/lane.sock";
    const std::string failure = lane.Listen(path);
    if (!failure.empty()) std::fprintf(stderr, "%s\n", failure.c_str());
    CHECK(failure.empty());
  }
  ~Lane() {
    lane.Close();
    CHECK(rmdir(folder.c_str()) == 0);  // The socket is gone.
  }

  void Put(uint8_t level, int width = 64, int height = 48, int64_t age_ms = 0) {
    FrameLane::Times times;
    times.received_mono_ns = MonotonicNs() - MsToNs(age_ms);
    times.received_at_us = 1000 + level;
    times.source_width = width;
    times.source_height = height;
    lane.Put("cam", Picture(width, height, level).view, times);
  }

  // False if the count of readers does not get there.
  bool HasReaders(int wanted) {
    const int64_t end = MonotonicNs() + MsToNs(20000);
    while (MonotonicNs() < end) {
      int count = 0;
      for (const auto& [topic, readers] : lane.CountReaders()) count += readers;
      if (count == wanted) return true;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
  }
};

bool AllAre(const uint8_t* pixels, size_t bytes, uint8_t level) {
  for (size_t i = 0; i < bytes; ++i) {
    if (pixels[i] != level) return false;
  }
  return true;
}

TEST(AReaderGetsTheNewestFrameAndNoFrameTwice) {
  Lane lane;
  LaneReader reader(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(1));
  for (uint8_t level = 1; level <= 20; ++level) lane.Put(level);
  reader.Ask(lane::kNextFrame);
  CHECK(reader.ReceiveFrame());
  CHECK_EQ(reader.frame.received_at_us, 1020);
  CHECK_EQ(reader.frame.seq, 20u);
  CHECK_EQ(reader.welcome.width, 64u);
  CHECK_EQ(reader.welcome.height, 48u);
  CHECK_EQ(reader.welcome.stride, 64u);
  CHECK(AllAre(reader.pixels(), 64 * 48, 20));
  reader.Ask(lane::kNextFrame, {20});
  CHECK_EQ(reader.Receive(100), 0u);
  lane.Put(21);
  CHECK_EQ(reader.Receive(5000), lane::kFrame);  // Without another Welcome.
  CHECK(AllAre(reader.pixels(), 64 * 48, 21));
}

TEST(AReaderThatDoesNotWaitHearsThatThereIsNothing) {
  Lane lane;
  LaneReader reader(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(1));
  reader.Ask(lane::kFrameOrNone);
  CHECK_EQ(reader.Receive(5000), lane::kNothing);
  lane.Put(1);
  reader.Ask(lane::kFrameOrNone);
  CHECK(reader.ReceiveFrame());
  reader.Ask(lane::kNextFrame, {1});
  reader.Ask(lane::kFrameOrNone);  // Ends the wait.
  CHECK_EQ(reader.Receive(5000), lane::kNothing);
  lane.Put(2);
  CHECK_EQ(reader.Receive(100), 0u);
}

TEST(AHeldFrameNeverChangesAndTheWriterGoesOn) {
  Lane lane;
  LaneReader slow(lane.path, "cam", PixelFormat::kGray), quick(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(2));
  lane.Put(1);
  slow.Ask(lane::kNextFrame);
  CHECK(slow.ReceiveFrame());
  for (int i = 2; i < 200; ++i) {
    lane.Put(static_cast<uint8_t>(i));
    quick.Ask(lane::kNextFrame, {static_cast<uint64_t>(i - 1)});
    CHECK(quick.ReceiveFrame());
    CHECK(AllAre(quick.pixels(), 64 * 48, static_cast<uint8_t>(i)));
  }
  CHECK(AllAre(slow.pixels(), 64 * 48, 1));
  CHECK_EQ(lane.lane.dropped(), 0u);
}

TEST(ReadersThatHoldAllTheyMayLeaveASlotToTheWriter) {
  Lane lane;
  std::vector<std::unique_ptr<LaneReader>> readers;
  for (int i = 0; i < 5; ++i) readers.push_back(std::make_unique<LaneReader>(lane.path, "cam", PixelFormat::kGray));
  CHECK(lane.HasReaders(5));
  for (uint8_t level = 1; level <= lane::kMaxHeld; ++level) {
    lane.Put(level);
    for (auto& reader : readers) {
      reader->Ask(lane::kNextFrame);
      CHECK(reader->ReceiveFrame());
    }
  }
  for (uint8_t level = 10; level < 40; ++level) lane.Put(level);
  CHECK_EQ(lane.lane.dropped(), 0u);
  readers[0]->Ask(lane::kFrameOrNone);
  CHECK_EQ(readers[0]->Receive(5000), lane::kNothing);
  readers[0]->Ask(lane::kNextFrame);
  CHECK_EQ(readers[0]->Receive(5000), lane::kRefused);
  CHECK_EQ(readers[0]->refused.reason, lane::kTooManyFrames);
  CHECK(lane.HasReaders(4));
}

TEST(NoReaderCanWriteToTheMemoryOrChangeItsSize) {
  Lane lane;
  LaneReader reader(lane.path, "cam", PixelFormat::kBgr);
  CHECK(lane.HasReaders(1));
  lane.Put(7);
  reader.Ask(lane::kNextFrame);
  CHECK(reader.ReceiveFrame());
  CHECK(mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, reader.memory_fd, 0) == MAP_FAILED);
  CHECK(ftruncate(reader.memory_fd, 4096) != 0);
  CHECK(ftruncate(reader.memory_fd, static_cast<off_t>(100 * kMiB)) != 0);
  CHECK(pwrite(reader.memory_fd, "x", 1, 0) != 1);
  const std::string again = "/proc/self/fd/" + std::to_string(reader.memory_fd);
  const int fd = open(again.c_str(), O_RDWR | O_CLOEXEC);
  if (fd >= 0) {
    CHECK(pwrite(fd, "x", 1, 0) != 1);
    close(fd);
  }
  struct stat socket;
  CHECK(stat(lane.path.c_str(), &socket) == 0 && (socket.st_mode & 0777) == 0660);
}

TEST(AnotherSizeGetsOtherMemoryAndOldFramesStayWhole) {
  Lane lane;
  LaneReader reader(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(1));
  lane.Put(1);
  reader.Ask(lane::kNextFrame);
  CHECK(reader.ReceiveFrame());
  const uint8_t* first = reader.pixels();
  for (uint8_t level = 2; level < 30; ++level) lane.Put(level, 128, 96);
  reader.Ask(lane::kNextFrame);
  CHECK(reader.ReceiveFrame());
  CHECK_EQ(reader.welcome.width, 128u);
  CHECK(AllAre(reader.pixels(), 128 * 96, 29));
  CHECK(AllAre(first, 64 * 48, 1));
}

TEST(NoOldFrameIsLent) {
  Lane lane;
  LaneReader reader(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(1));
  lane.Put(1, 64, 48, 400);
  reader.Ask(lane::kNextFrame);
  CHECK_EQ(reader.Receive(100), 0u);
  lane.lane.SetPauses("cam", true);  // The camera pauses: the frame still shows the present.
  reader.Ask(lane::kNextFrame);
  CHECK(reader.ReceiveFrame());
  lane.Put(2);
  lane.lane.Forget("cam");
  reader.Ask(lane::kNextFrame, {1});
  CHECK_EQ(reader.Receive(100), 0u);
  lane.Put(3);
  CHECK(reader.ReceiveFrame());
  CHECK(AllAre(reader.pixels(), 64 * 48, 3));
}

TEST(WithoutMemoryNewReadersAreRefusedAndOthersGoOn) {
  Lane lane(5 * 4096);  // One reader of a small picture: 2 + 3 slots of a page.
  LaneReader first(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(1));
  lane.Put(1);
  first.Ask(lane::kNextFrame);
  CHECK(first.ReceiveFrame());
  LaneReader second(lane.path, "cam", PixelFormat::kGray);
  CHECK(lane.HasReaders(2));
  lane.Put(2);
  CHECK_EQ(second.Receive(5000), lane::kRefused);
  CHECK_EQ(second.refused.reason, lane::kNoMemory);
  CHECK(lane.HasReaders(1));
  first.Ask(lane::kNextFrame, {1});
  CHECK(first.ReceiveFrame());
  CHECK(AllAre(first.pixels(), 64 * 48, 2));
}

TEST(OnlyTheReadersOfARefusedTopicAreRefused) {
  Lane lane;
  LaneReader refused(lane.path, "cam", PixelFormat::kGray), other(lane.path, "cam@16w5fps", PixelFormat::kGray);
  CHECK(lane.HasReaders(2));
  lane.lane.RefuseTopic("cam", "no room");
  CHECK_EQ(refused.Receive(5000), lane::kRefused);
  CHECK_EQ(refused.refused.reason, lane::kNoMemory);
  CHECK(lane.HasReaders(1));
  CHECK(lane.lane.HasReaders("cam@16w5fps"));
}

TEST(AReaderOfAnotherGatewayIsRefused) {
  Lane lane;
  LaneReader reader(lane.path);
  const lane::Hello hello = {lane::kHello, lane::kVersion, 1, 6};
  const std::string message = std::string(reinterpret_cast<const char*>(&hello), sizeof hello) + "cam";
  reader.Send(message.data(), message.size());
  CHECK_EQ(reader.Receive(5000), lane::kRefused);
  CHECK_EQ(reader.refused.reason, lane::kOtherGateway);
  CHECK(lane.HasReaders(0));
}

TEST(TooManyReadersAreRefused) {
  Lane lane;
  std::vector<std::unique_ptr<LaneReader>> readers;
  for (int i = 0; i < 40; ++i) readers.push_back(std::make_unique<LaneReader>(lane.path, "cam", PixelFormat::kGray));
  CHECK(lane.HasReaders(40));
  LaneReader refused(lane.path);
  CHECK_EQ(refused.Receive(5000), lane::kRefused);
  CHECK_EQ(refused.refused.reason, lane::kTooManyReaders);
}

TEST(MemoryIsFreedWithTheLastReader) {
  Lane lane(5 * 4096);
  for (uint8_t i = 1; i <= 20; ++i) {
    {
      LaneReader reader(lane.path, "cam", PixelFormat::kGray);
      CHECK(lane.HasReaders(1));
      lane.Put(i);
      reader.Ask(lane::kNextFrame);
      CHECK(reader.ReceiveFrame());
    }
    CHECK(lane.HasReaders(0));
  }
}

TEST(EachFormatHasItsPixels) {
  Lane lane;
  for (const PixelFormat format :
       {PixelFormat::kBgr, PixelFormat::kRgb, PixelFormat::kGray, PixelFormat::kI420, PixelFormat::kNv12}) {
    CHECK(lane.HasReaders(0));
    LaneReader reader(lane.path, "cam", format);
    CHECK(lane.HasReaders(1));
    // Luma 128 and chroma 128 are gray in each format.
    lane.Put(128, 66, 50);
    reader.Ask(lane::kNextFrame);
    CHECK(reader.ReceiveFrame());
    CHECK_EQ(reader.welcome.format, static_cast<uint32_t>(format));
    CHECK_EQ(reader.welcome.full_range, 1u);
    CHECK(AllAre(reader.pixels(), PixelBytes(format, 66, 50), 128));
  }
}

// Red in BT.601, limited range.
TEST(RedIsRedInBgrAndRgb) {
  std::vector<uint8_t> y(64 * 48, 81), u(32 * 24, 90), v(32 * 24, 240);
  I420View view = {{y.data(), u.data(), v.data()}, {64, 32, 32}, 64, 48, {}};
  view.color.range = GST_VIDEO_COLOR_RANGE_16_235;
  view.color.matrix = GST_VIDEO_COLOR_MATRIX_BT601;
  std::vector<uint8_t> out(PixelBytes(PixelFormat::kBgr, 64, 48));
  WritePixels(view, PixelFormat::kBgr, out.data());
  CHECK(out[0] < 8 && out[1] < 8 && out[2] > 246);
  WritePixels(view, PixelFormat::kRgb, out.data());
  CHECK(out[0] > 246 && out[1] < 8 && out[2] < 8);
  std::fill(y.begin(), y.end(), 235);
  WritePixels(view, PixelFormat::kGray, out.data());
  CHECK_EQ(static_cast<int>(out[0]), 255);
  std::fill(y.begin(), y.end(), 16);
  WritePixels(view, PixelFormat::kGray, out.data());
  CHECK_EQ(static_cast<int>(out[0]), 0);
}

TEST(WrongMessagesAreRefused) {
  Lane lane;
  std::mt19937 random(7);
  for (int i = 0; i < 300; ++i) {
    LaneReader reader(lane.path);
    CHECK(reader.connected);
    std::string message(1 + random() % 300, '\0');
    for (char& byte : message) byte = static_cast<char>(random() % 4 == 0 ? random() : random() % 6);
    if (i % 2 == 0) {
      const lane::Hello hello = {lane::kHello, lane::kVersion, 1 + random() % 5, 5};
      const std::string good = std::string(reinterpret_cast<const char*>(&hello), sizeof hello) + "cam";
      reader.Send(good.data(), good.size());
      message[0] = static_cast<char>(lane::kNext);
    }
    reader.Send(message.data(), message.size());
    lane.Put(static_cast<uint8_t>(i));
  }
  CHECK(lane.HasReaders(0));
  LaneReader reader(lane.path, "cam", PixelFormat::kGray);
  reader.Ask(lane::kNextFrame);
  // On a busy machine, the lane may not have seen all of the others yet, so their count says nothing of this one.
  bool received = false;
  for (int i = 0; i < 200 && !received; ++i) {
    lane.Put(9);
    received = reader.ReceiveFrame(100);
  }
  CHECK(received);
}

TEST(ReadersComeAndLeaveWhileTheWriterWrites) {
  Lane lane;
  std::atomic<bool> done{false};
  std::atomic<int> frames{0};
  std::thread writer([&] {
    for (uint8_t level = 0; !done; ++level) {
      lane.Put(level, 64 + 32 * (level / 64), 48);
      std::this_thread::sleep_for(std::chrono::microseconds(300));
    }
  });
  std::vector<std::thread> threads;
  for (unsigned seed = 0; seed < 4; ++seed) {
    threads.emplace_back([&, seed] {
      std::mt19937 random(seed);
      for (int life = 0; life < 12; ++life) {
        LaneReader reader(lane.path, "cam", PixelFormat::kGray);
        std::vector<uint64_t> held;
        for (unsigned i = random() % 40; i > 0; --i) {
          reader.Ask(lane::kNextFrame, held);
          held.clear();
          if (!reader.ReceiveFrame()) break;
          const uint8_t level = reader.pixels()[0];
          if (random() % 8 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(3));
          const size_t bytes = static_cast<size_t>(reader.welcome.width) * reader.welcome.height;
          CHECK(AllAre(reader.pixels(), bytes, level));
          held.push_back(reader.frame.seq);
          ++frames;
        }
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  done = true;
  writer.join();
  CHECK(frames > 100);
  CHECK(lane.HasReaders(0));
  CHECK_EQ(lane.lane.dropped(), 0u);
}

}  // namespace

TEST(NoOtherFileIsReplacedByTheSocket) {
  Lane lane;
  const std::string file = lane.folder + "/file", link = lane.folder + "/link";
  CHECK(close(open(file.c_str(), O_WRONLY | O_CREAT, 0600)) == 0);
  CHECK(symlink(file.c_str(), link.c_str()) == 0);
  for (const std::string& path : {file, link}) {
    FrameLane other(kMiB, 1, 5, [] {});
    CHECK(other.Listen(path) == "Address already in use");
    other.Close();
    CHECK(unlink(path.c_str()) == 0);  // It is still there.
  }
}

int main() { return check::RunTests(); }
