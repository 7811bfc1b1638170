// Reads and checks the command line; each option is one row of a table (main thread).
#include "options.h"

#include <gio/gio.h>

#include <cmath>
#include <cstdlib>
#include <map>
#include <set>

namespace {

using Apply = bool (*)(const std::string& value, Options* options);

struct Row {
  const char* name;
  const char* value;     // Placeholder in the help; null: a switch without a value.
  const char* expected;  // Completes "expected ..." in errors, and is the help text.
  bool drawn_only;       // Applies only to the drawn picture, not to --file.
  Apply apply;
};

bool Integer(const std::string& text, long min, long max, int* out) {
  char* end = nullptr;
  if (text.empty() || text[0] == ' ' || text[0] == '+') return false;
  const long number = std::strtol(text.c_str(), &end, 10);
  if (*end != '\0' || number < min || number > max) return false;
  *out = static_cast<int>(number);
  return true;
}

// Accepts "25", "12.5" (up to three decimals) and "30000/1001".
bool Rate(const std::string& text, int* num, int* den) {
  const size_t slash = text.find('/');
  if (slash != std::string::npos) {
    if (!Integer(text.substr(0, slash), 1, 1000000, num)) return false;
    if (!Integer(text.substr(slash + 1), 1, 100000, den)) return false;
  } else {
    char* end = nullptr;
    if (text.empty() || text.find_first_not_of("0123456789.") != std::string::npos) {
      return false;
    }
    const double rate = g_ascii_strtod(text.c_str(), &end);
    if (*end != '\0' || !(rate > 0.0) || rate > 1000.0) return false;
    int a = static_cast<int>(std::lround(rate * 1000)), b = 1000;
    if (a == 0) return false;
    int x = a, y = b;
    while (y != 0) {
      const int rest = x % y;
      x = y;
      y = rest;
    }
    *num = a / x;
    *den = b / x;
  }
  const double fps = static_cast<double>(*num) / *den;
  return fps >= 0.1 && fps <= 240.0;
}

bool OneOf(const std::string& value, const char* yes, const char* no, bool* out) {
  *out = value == yes;
  return *out || value == no;
}

bool IsAddress(const std::string& v) { return v == "localhost" || g_hostname_is_ip_address(v.c_str()); }

bool IsPath(const std::string& v) {
  if (v.size() < 2 || v.size() > 200 || v[0] != '/' || v.back() == '/') return false;
  for (const char c : v) {
    if (!g_ascii_isalnum(c) && std::string("/_-.").find(c) == std::string::npos) return false;
  }
  return true;
}

const Row kRows[] = {
    {"--address", "IP", "an IP address to listen on, default 127.0.0.1", false,
     [](const std::string& v, Options* o) {
       o->address = v;
       return IsAddress(v);
     }},
    {"--port", "N", "0 (any free port) to 65535, default 8555", false,
     [](const std::string& v, Options* o) { return Integer(v, 0, 65535, &o->port); }},
    {"--path", "PATH", "a path of letters, digits and _-./ that begins with /, default /cam", false,
     [](const std::string& v, Options* o) {
       o->path = v;
       return IsPath(v);
     }},
    {"--codec", "C", "h264, h265, mjpeg, vp8 or vp9, default h264", true,
     [](const std::string& v, Options* o) {
       static const std::map<std::string, Codec> kCodecs = {{"h264", Codec::kH264},
                                                            {"h265", Codec::kH265},
                                                            {"mjpeg", Codec::kMjpeg},
                                                            {"vp8", Codec::kVp8},
                                                            {"vp9", Codec::kVp9}};
       const auto found = kCodecs.find(v);
       if (found != kCodecs.end()) o->codec = found->second;
       return found != kCodecs.end();
     }},
    {"--width", "PX", "an even number from 160 to 3840, default 1280", true,
     [](const std::string& v, Options* o) { return Integer(v, 160, 3840, &o->width) && o->width % 2 == 0; }},
    {"--height", "PX", "an even number from 90 to 2160, default 720", true,
     [](const std::string& v, Options* o) { return Integer(v, 90, 2160, &o->height) && o->height % 2 == 0; }},
    {"--fps", "RATE", "0.1 to 240, such as 25, 12.5 or 30000/1001, default 25", true,
     [](const std::string& v, Options* o) { return Rate(v, &o->fps_num, &o->fps_den); }},
    {"--gop", "FRAMES", "1 to 10000 frames from one key frame to the next, default 50", true,
     [](const std::string& v, Options* o) { return Integer(v, 1, 10000, &o->gop_frames); }},
    {"--bframes", "N", "0 to 8 B-frames in a row, default 0", true,
     [](const std::string& v, Options* o) { return Integer(v, 0, 8, &o->bframes); }},
    {"--slices", "N", "1 to 16 slices per frame, default 1", true,
     [](const std::string& v, Options* o) { return Integer(v, 1, 16, &o->slices); }},
    {"--intra-refresh", nullptr, "a moving column of intra blocks, and no key picture except the first (H.264)", true,
     [](const std::string&, Options* o) { return o->intra_refresh = true; }},
    {"--open-gop", nullptr, "no IDR picture except the first (H.264, H.265); needs --bframes", true,
     [](const std::string&, Options* o) { return o->open_gop = true; }},
    {"--bitrate-kbps", "N", "50 to 100000, default 3000", true,
     [](const std::string& v, Options* o) { return Integer(v, 50, 100000, &o->bitrate_kbps); }},
    {"--profile", "P", "baseline, main or high (H.264), default main", true,
     [](const std::string& v, Options* o) {
       o->profile = v;
       return v == "baseline" || v == "main" || v == "high";
     }},
    {"--audio", "A", "none, aac or alaw, default none (with --file: the audio of the file)", false,
     [](const std::string& v, Options* o) {
       o->audio_given = true;
       o->audio = v == "aac" ? Audio::kAac : v == "alaw" ? Audio::kAlaw : Audio::kNone;
       return v == "none" || v == "aac" || v == "alaw";
     }},
    {"--video", "V", "on or off (audio only), default on", false,
     [](const std::string& v, Options* o) { return OneOf(v, "on", "off", &o->video); }},
    {"--metadata", nullptr, "adds an ONVIF metadata stream", false,
     [](const std::string&, Options* o) { return o->metadata = true; }},
    {"--user", "U", "a user name without a colon; clients must then authenticate", false,
     [](const std::string& v, Options* o) {
       o->user = v;
       return !v.empty() && v.find(':') == std::string::npos;
     }},
    {"--password", "P", "a password, together with --user", false,
     [](const std::string& v, Options* o) {
       o->password = v;
       return !v.empty();
     }},
    {"--auth", "M", "basic or digest, default basic", false,
     [](const std::string& v, Options* o) { return OneOf(v, "digest", "basic", &o->digest); }},
    {"--transports", "T", "tcp, udp or both, default both", false,
     [](const std::string& v, Options* o) {
       o->tcp = v != "udp";
       o->udp = v != "tcp";
       return v == "tcp" || v == "udp" || v == "both";
     }},
    {"--file", "FILE", "a readable H.264 or H.265 file, played in an endless loop", false,
     [](const std::string& v, Options* o) {
       o->file = v;
       return g_file_test(v.c_str(), G_FILE_TEST_IS_REGULAR) != FALSE;
     }},
    {"--report-frames", nullptr, "prints a line for each frame sent", false,
     [](const std::string&, Options* o) { return o->report_frames = true; }},
    {"--no-stdin", nullptr, "reads no commands, and keeps running when stdin closes", false,
     [](const std::string&, Options* o) {
       o->read_stdin = false;
       return true;
     }},
};

std::string Help() {
  std::string text = "Usage: test-camera [options]\nAn RTSP camera for tests.\n\n";
  for (const Row& row : kRows) {
    std::string left = std::string("  ") + row.name;
    if (row.value != nullptr) left += std::string(" ") + row.value;
    left.resize(left.size() < 24 ? 24 : left.size() + 1, ' ');
    text += left + row.expected + "\n";
  }
  return text + "  --help                prints this help\n";
}

// Says which options conflict; empty if none do.
std::string Conflict(const Options& o, const std::set<std::string>& given) {
  if (!o.file.empty()) {
    for (const Row& row : kRows) {
      if (row.drawn_only && given.count(row.name) != 0) {
        return std::string(row.name) + " applies only to the drawn picture; expected no --file with it.";
      }
    }
    if (o.audio == Audio::kAlaw) return "--audio alaw: expected none or aac with --file.";
    if (!o.video) return "--video off: expected on with --file.";
  }
  if (!o.video && o.audio == Audio::kNone) {
    return "--video off: expected --audio aac or alaw with it; otherwise there is nothing to send.";
  }
  if (o.user.empty() != o.password.empty()) {
    return std::string(o.user.empty() ? "--password" : "--user") +
           " was given on its own; expected --user and --password together.";
  }
  if (given.count("--auth") != 0 && o.user.empty()) {
    return "--auth was given on its own; expected --user and --password with it.";
  }
  const bool takes_bframes = o.codec == Codec::kH264 || o.codec == Codec::kH265;
  if (o.bframes > 0 && (o.profile == "baseline" || !takes_bframes)) {
    return "--bframes " + std::to_string(o.bframes) +
           ": expected 0 with --profile baseline and with --codec mjpeg, vp8 or vp9.";
  }
  if (o.intra_refresh && (o.bframes > 0 || o.codec != Codec::kH264)) {
    return "--intra-refresh: expected --codec h264 without --bframes.";
  }
  if (o.open_gop && o.bframes == 0) {
    return "--open-gop: expected --bframes 1 to 8, with --codec h264 or h265.";
  }
  // RFC 2435, section 3.1.5: sizes travel as one byte of 8-pixel units.
  if (o.codec == Codec::kMjpeg && (o.width > 2040 || o.width % 8 != 0)) {
    return "--width " + std::to_string(o.width) + ": expected a multiple of 8, at most 2040, with --codec mjpeg.";
  }
  if (o.codec == Codec::kMjpeg && (o.height > 2040 || o.height % 8 != 0)) {
    return "--height " + std::to_string(o.height) + ": expected a multiple of 8, at most 2040, with --codec mjpeg.";
  }
  return "";
}

const Row* Find(const std::string& name) {
  for (const Row& row : kRows) {
    if (name == row.name) return &row;
  }
  return nullptr;
}

}  // namespace

Parsed ParseOptions(int argc, char** argv, Options* options, std::string* message) {
  std::set<std::string> given;
  for (int i = 1; i < argc; ++i) {
    std::string name = argv[i];
    std::string value;
    const size_t equals = name.find('=');
    const bool joined = name.rfind("--", 0) == 0 && equals != std::string::npos;
    if (joined) {
      value = name.substr(equals + 1);
      name.resize(equals);
    }
    if (name == "--help" || name == "-h") {
      *message = Help();
      return Parsed::kHelp;
    }
    const Row* row = Find(name);
    if (row == nullptr) {
      *message = name + " is not an option; expected one that test-camera --help lists.";
      return Parsed::kBad;
    }
    if (row->value == nullptr && joined) {
      *message = name + "=" + value + ": expected no value.";
      return Parsed::kBad;
    }
    if (row->value != nullptr && !joined) {
      if (++i >= argc) {
        *message = name + " has no value; expected " + row->expected + ".";
        return Parsed::kBad;
      }
      value = argv[i];
    }
    if (!row->apply(value, options)) {
      const std::string shown = name == "--password" ? "(hidden)" : "\"" + value + "\"";
      *message = name + " " + shown + ": expected " + row->expected + ".";
      return Parsed::kBad;
    }
    given.insert(name);
  }
  *message = Conflict(*options, given);
  return message->empty() ? Parsed::kRun : Parsed::kBad;
}

bool ChangeOption(const std::string& name, const std::string& value, Options* options, std::string* message) {
  const Row* row = Find("--" + name);
  Options changed = *options;
  if (row == nullptr || !row->apply(value, &changed)) {
    *message = name + " \"" + value + "\": expected " + (row != nullptr ? row->expected : "an option") + ".";
    return false;
  }
  *message = Conflict(changed, {});
  if (!message->empty()) return false;
  *options = changed;
  return true;
}
