// Chooses encoders and payloaders, with settings that resemble IP cameras (main thread).
#include "launch.h"

namespace {

// Frames are sent at once. Parameter sets are in the SDP and, because the input has them, before every key frame.
// config-interval=-1 would repeat them before every slice of a key frame, so that FFmpeg takes each slice for a
// picture.
constexpr char kH264Pay[] = "rtph264pay name=pay0 pt=96 config-interval=0 aggregate-mode=zero-latency";
constexpr char kH265Pay[] = "rtph265pay name=pay0 pt=96 config-interval=0 aggregate-mode=zero-latency";

// One thread, because each frame thread would hold a frame back.
std::string H264Encoder(const Options& o) {
  std::string line =
      "x264enc speed-preset=ultrafast threads=1 sliced-threads=false"
      " sync-lookahead=0 rc-lookahead=0 mb-tree=false b-adapt=false"
      " b-pyramid=false";
  if (o.bframes == 0) line += " tune=zerolatency";
  line += " bframes=" + std::to_string(o.bframes);
  line += " key-int-max=" + std::to_string(o.gop_frames);
  line += " bitrate=" + std::to_string(o.bitrate_kbps);
  line += o.profile == "baseline" ? " cabac=false" : " cabac=true";
  if (o.profile == "high") line += " dct8x8=true";
  if (o.intra_refresh) line += " intra-refresh=true";
  line += " option-string=\"scenecut=0:slices=" + std::to_string(o.slices) + (o.open_gop ? ":open-gop=1" : "") + "\"";
  return line + " ! video/x-h264,stream-format=byte-stream,profile=" + o.profile;
}

std::string H265Encoder(const Options& o) {
  std::string line = "x265enc speed-preset=ultrafast log-level=none";
  if (o.bframes == 0) line += " tune=zerolatency";
  line += " key-int-max=" + std::to_string(o.gop_frames);
  line += " bitrate=" + std::to_string(o.bitrate_kbps);
  const std::string gop = std::to_string(o.gop_frames);
  line += " option-string=\"keyint=" + gop + ":min-keyint=" + gop + ":scenecut=0:bframes=" + std::to_string(o.bframes) +
          ":b-adapt=0:b-pyramid=0:rc-lookahead=" + std::to_string(o.bframes > 0 ? o.bframes + 1 : 0) +
          ":frame-threads=1:repeat-headers=1:open-gop=" + std::to_string(o.open_gop ? 1 : 0);
  // Without a thread pool, x265 3.5 corrupts its heap if it makes slices.
  line += o.slices > 1 ? ":slices=" + std::to_string(o.slices) : ":pools=none";
  return line + "\"";
}

// deadline=1: the encoder holds no frame back.
std::string VpxEncoder(const char* encoder, const Options& o) {
  return std::string(encoder) + " deadline=1 lag-in-frames=0 target-bitrate=" + std::to_string(o.bitrate_kbps * 1000) +
         " keyframe-max-dist=" + std::to_string(o.gop_frames);
}

std::string DrawnVideo(const Options& o) {
  const std::string from = "appsrc name=video ! ";
  switch (o.codec) {
    case Codec::kH264:
      return from + H264Encoder(o) + " ! " + kH264Pay;
    case Codec::kH265:
      return from + H265Encoder(o) + " ! " + kH265Pay;
    case Codec::kVp8:
      return from + VpxEncoder("vp8enc", o) + " ! rtpvp8pay name=pay0 pt=96";
    case Codec::kVp9:
      return from + VpxEncoder("vp9enc cpu-used=8", o) + " ! rtpvp9pay name=pay0 pt=96";
    case Codec::kMjpeg:
      break;
  }
  return from + "jpegenc quality=85 ! rtpjpegpay name=pay0 pt=26";
}

bool Is(const GstCaps* caps, const char* name) {
  return gst_structure_has_name(gst_caps_get_structure(caps, 0), name) != FALSE;
}

std::string FileMedia(const Source& source) {
  const bool h265 = Is(source.video_caps(), "video/x-h265");
  std::string line = std::string("appsrc name=video ! ") + (h265 ? kH265Pay : kH264Pay);
  if (source.audio_caps() != nullptr) {
    line += " appsrc name=audio ! rtpmp4gpay name=pay1 pt=97";
  }
  return line;
}

// The queue drops audio from between DESCRIBE and PLAY.
std::string DrawnAudio(Audio audio, const std::string& pay) {
  const std::string from = "audiotestsrc name=ticks is-live=true wave=ticks volume=0.3 ";
  const std::string queue = " ! queue leaky=downstream max-size-buffers=2 ! ";
  if (audio == Audio::kAlaw) {
    return from + "samplesperbuffer=160 ! audio/x-raw,rate=8000,channels=1 ! alawenc" + queue +
           "rtppcmapay name=" + pay + " pt=8 min-ptime=20000000 max-ptime=20000000";
  }
  return from + "samplesperbuffer=1024 ! audio/x-raw,rate=16000,channels=1" + " ! voaacenc bitrate=32000" + queue +
         "rtpmp4gpay name=" + pay + " pt=97";
}

}  // namespace

std::string LaunchLine(const Options& options, const Source* source) {
  std::string line;
  if (!options.file.empty()) {
    line = FileMedia(*source);
  } else {
    if (options.video) line = DrawnVideo(options);
    if (options.audio != Audio::kNone) {
      line += " " + DrawnAudio(options.audio, options.video ? "pay1" : "pay0");
    }
  }
  if (options.metadata) {
    int track = 0;
    while (line.find("name=pay" + std::to_string(track)) != std::string::npos) ++track;
    line += " appsrc name=metadata ! framegatemetadatapay pt=107 name=pay" + std::to_string(track);
  }
  return "( " + line + " )";
}
