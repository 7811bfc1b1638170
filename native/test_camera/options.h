// The command line of the test camera (main thread).
#ifndef FRAMEGATE_TEST_CAMERA_OPTIONS_H_
#define FRAMEGATE_TEST_CAMERA_OPTIONS_H_

#include <cstdint>
#include <string>

enum class Codec { kH264, kH265, kMjpeg, kVp8, kVp9 };
enum class Audio { kNone, kAac, kAlaw };

struct Options {
  std::string address = "127.0.0.1";
  int port = 8555;  // 0: any free port.
  std::string path = "/cam";
  Codec codec = Codec::kH264;
  int width = 1280;  // px, even.
  int height = 720;  // px, even.
  int fps_num = 25;
  int fps_den = 1;
  int gop_frames = 50;
  int bframes = 0;
  int slices = 1;
  bool intra_refresh = false;
  bool open_gop = false;
  int bitrate_kbps = 3000;
  std::string profile = "main";
  Audio audio = Audio::kNone;
  bool audio_given = false;  // If not, a file keeps its own audio.
  bool video = true;
  bool metadata = false;
  std::string user;
  std::string password;
  bool digest = false;
  bool tcp = true;
  bool udp = true;
  std::string file;  // Empty: the camera draws its own picture.
  bool report_frames = false;
  bool read_stdin = true;
};

enum class Parsed { kRun, kHelp, kBad };

// Fills `options`. On kBad, `message` names the option, the value and what was expected; on kHelp it is the help text.
Parsed ParseOptions(int argc, char** argv, Options* options, std::string* message);

// Changes one option, named without its dashes, of a running camera. If that is impossible, returns false, sets
// `message` and leaves `options` as they are.
bool ChangeOption(const std::string& name, const std::string& value, Options* options, std::string* message);

#endif  // FRAMEGATE_TEST_CAMERA_OPTIONS_H_
