// See the header.
#include "video_track.h"

#include <algorithm>
#include <string>
#include <utility>

#include "error_codes.h"

namespace framegate {
namespace {

// avc and hvc1, because in byte-stream mode the depayloader of 1.22 splits an access unit at parameter sets between
// slices (robustness.md, 2).
constexpr char kCodecs[] = "H.264, H.265, MJPEG, MPEG-4 part 2, VP8 and VP9";
constexpr CodecChain kChains[] = {
    {Codec::kH264, "h264", "H264", "rtph264depay", "video/x-h264,stream-format=avc,alignment=au"},
    {Codec::kH265, "h265", "H265", "rtph265depay", "video/x-h265,stream-format=hvc1,alignment=au"},
    {Codec::kMjpeg, "mjpeg", "JPEG", "rtpjpegdepay", "image/jpeg"},
    {Codec::kMpeg4, "mpeg4", "MP4V-ES", "rtpmp4vdepay", "video/mpeg,mpegversion=4,systemstream=false"},
    {Codec::kVp8, "vp8", "VP8", "rtpvp8depay", "video/x-vp8"},
    {Codec::kVp9, "vp9", "VP9", "rtpvp9depay", "video/x-vp9"},
};

// The static payload types of RFC 3551, whose description may leave the name out.
constexpr struct {
  int payload_type;
  const char* encoding_name;
} kStaticTypes[] = {{25, "CelB"}, {26, "JPEG"}, {28, "nv"}, {31, "H261"}, {32, "MPV"}, {33, "MP2T"}, {34, "H263"}};

const char* NameOfType(int payload_type) {
  for (const auto& known : kStaticTypes) {
    if (known.payload_type == payload_type) return known.encoding_name;
  }
  return nullptr;
}

// The chain for a codec of the description; null if there is none.
const CodecChain* ChainNamed(const std::string& encoding_name) {
  for (const CodecChain& chain : kChains) {
    if (g_ascii_strcasecmp(encoding_name.c_str(), chain.encoding_name) == 0) return &chain;
  }
  return nullptr;
}

// The encoding name of a medium; empty if the description has none.
std::string EncodingName(const GstSDPMedia* media) {
  const char* format = gst_sdp_media_get_format(media, 0);
  const std::string payload_type = format ? format : "";
  for (guint i = 0;; ++i) {  // "96 H264/90000"
    const char* rtpmap = gst_sdp_media_get_attribute_val_n(media, "rtpmap", i);
    if (!rtpmap) break;
    const std::string text = rtpmap;
    const size_t space = text.find(' ');
    if (space == std::string::npos || text.substr(0, space) != payload_type) continue;
    const size_t name = text.find_first_not_of(' ', space);
    if (name != std::string::npos) return text.substr(name, text.find('/', name) - name);
  }
  const char* name = NameOfType(static_cast<int>(g_ascii_strtoll(payload_type.c_str(), nullptr, 10)));
  return name ? name : "";
}

// For people: it comes from the camera.
std::string Shown(std::string name) {
  name.resize(std::min<size_t>(name.size(), 40));
  for (char& c : name) c = g_ascii_isgraph(c) ? c : '?';
  return name.empty() ? "an unknown codec" : name;
}

bool IsVideo(const GstSDPMedia* media) { return g_strcmp0(gst_sdp_media_get_media(media), "video") == 0; }

CapsPtr CapsOf(const GstSDPMessage* description, const GstSDPMedia* media, int payload_type) {
  CapsPtr caps(gst_sdp_media_get_caps_from_media(media, payload_type));
  if (!caps) return nullptr;
  gst_sdp_message_attributes_to_caps(description, caps.get());
  gst_sdp_media_attributes_to_caps(media, caps.get());
  gst_structure_set_name(gst_caps_get_structure(caps.get(), 0), "application/x-rtp");
  return ChainFor(gst_caps_get_structure(caps.get(), 0)) ? std::move(caps) : nullptr;
}

}  // namespace

const CodecChain* ChainFor(const GstStructure* rtp_caps) {
  const char* name = gst_structure_get_string(rtp_caps, "encoding-name");
  int payload_type = -1;
  if (!name && gst_structure_get_int(rtp_caps, "payload", &payload_type)) name = NameOfType(payload_type);
  return name ? ChainNamed(name) : nullptr;
}

Offer OfferOf(const GstSDPMessage* description) {
  Offer offer;
  std::string refused;  // The codec of a video that cannot be used.
  for (guint i = 0; i < gst_sdp_message_medias_len(description); ++i) {
    const GstSDPMedia* media = gst_sdp_message_get_media(description, i);
    if (g_strcmp0(gst_sdp_media_get_media(media), "audio") == 0) offer.info.audio = true;
    if (!IsVideo(media) || !offer.info.codec.empty()) continue;
    const std::string name = EncodingName(media);
    const CodecChain* chain = ChainNamed(name);
    if (chain) offer.info.codec = chain->name;
    if (!chain && refused.empty()) refused = Shown(name);
  }
  if (!offer.info.codec.empty()) return offer;
  if (!refused.empty()) {
    const std::string text = "the camera sends " + refused + "; Framegate decodes " + kCodecs;
    offer.error = MakeError(error_code::kCodecUnsupported, text);
  } else {
    offer.error = MakeError(error_code::kSourceNoVideo,
                            offer.info.audio ? "the camera offers audio but no video" : "the camera offers no video");
  }
  return offer;
}

VideoTrack VideoTrackOf(const GstSDPMessage* description, const std::vector<RtspTrack>& set_up) {
  std::vector<std::string> controls;
  for (guint i = 0; i < gst_sdp_message_medias_len(description); ++i) {
    const char* control = gst_sdp_media_get_attribute_val(gst_sdp_message_get_media(description, i), "control");
    controls.emplace_back(control ? control : "");
  }
  const std::vector<int> channels = ChannelsOf(controls, set_up);
  for (guint i = 0; i < controls.size(); ++i) {
    const GstSDPMedia* media = gst_sdp_message_get_media(description, i);
    if (!IsVideo(media) || channels[i] < 0 || !ChainNamed(EncodingName(media))) continue;
    VideoTrack track;
    track.channel = channels[i];
    for (guint j = 0; j < gst_sdp_media_formats_len(media); ++j) {
      const auto type = static_cast<int>(g_ascii_strtoll(gst_sdp_media_get_format(media, j), nullptr, 10));
      if (CapsPtr caps = CapsOf(description, media, type)) track.caps.emplace(type, std::move(caps));
    }
    return track;
  }
  return {};
}

}  // namespace framegate
