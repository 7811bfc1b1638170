// See the header.
#include "packet_repair.h"

#include <algorithm>

#include "big_endian.h"
#include "clocks.h"
#include "gst_ptr.h"

namespace framegate {
namespace {

constexpr size_t kHead = RtpContinuity::kHead;

std::string_view Text(const ReadMap& map) { return {reinterpret_cast<const char*>(map.data()), map.size()}; }

bool IsList(const GstPadProbeInfo* info) {
  return (GST_PAD_PROBE_INFO_TYPE(info) & GST_PAD_PROBE_TYPE_BUFFER_LIST) != 0;
}

}  // namespace

bool PacketRepair::AdmitPacket(GstBuffer** packet) {
  char head[kHead];
  {
    const ReadMap map(*packet);
    const std::string_view text = Text(map);
    if (PayloadOf(text).head == 0) return false;
    std::copy_n(text.begin(), kHead, head);
  }
  if (!sender_.TakeSender(head, MonotonicNs())) return false;
  const bool foreign = formats_[static_cast<uint8_t>(head[1]) & 0x7f].client_type < 0;
  const auto number = ReadUint16(head + 2);
  if (last_ == number || (foreign && last_ && static_cast<uint16_t>(*last_ + 1) != number)) return false;
  last_ = number;
  if (foreign) {
    const auto video = std::find_if(formats_.begin(), formats_.end(), [](const RtpFormat& format) {
      return format.client_type >= 0 && format.codec != RtpCodec::kOther;
    });
    if (video == formats_.end()) return false;
    head[0] = '\x80';
    head[1] = static_cast<char>(video->client_type);
  }
  *packet = gst_buffer_make_writable(*packet);
  if (foreign) gst_buffer_resize(*packet, 0, kHead);
  return gst_buffer_fill(*packet, 0, head, kHead) == kHead;
}

GstPadProbeReturn PacketRepair::Admit(GstPadProbeInfo* info) {
  if (!IsList(info)) {
    GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
    const bool admitted = AdmitPacket(&packet);
    info->data = packet;
    return admitted ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
  }
  GstBufferList* list = gst_buffer_list_make_writable(GST_PAD_PROBE_INFO_BUFFER_LIST(info));
  info->data = list;
  gst_buffer_list_foreach(
      list,
      [](GstBuffer** packet, guint, gpointer self) -> gboolean {
        if (!static_cast<PacketRepair*>(self)->AdmitPacket(packet)) gst_clear_buffer(packet);
        return TRUE;
      },
      this);
  return gst_buffer_list_length(list) > 0 ? GST_PAD_PROBE_OK : GST_PAD_PROBE_DROP;
}

GstPadProbeReturn PacketRepair::AdmitRtcp(GstPadProbeInfo* info) {
  GstBuffer* packet = GST_PAD_PROBE_INFO_BUFFER(info);
  std::string kept;
  {
    const ReadMap map(packet);
    if (!HasBye(Text(map))) return GST_PAD_PROBE_OK;
    kept = WithoutBye(Text(map));
  }
  goodbye_ns_ = MonotonicNs();
  if (kept.empty()) return GST_PAD_PROBE_DROP;
  packet = gst_buffer_make_writable(packet);
  info->data = packet;
  gst_buffer_fill(packet, 0, kept.data(), kept.size());
  gst_buffer_resize(packet, 0, static_cast<gssize>(kept.size()));
  return GST_PAD_PROBE_OK;
}

void PacketRepair::PassPacket(GstPad* pad, GstBuffer* packet) {
  const ReadMap map(packet);
  repair_.Take(Text(map), formats_, MonotonicNs(), [&](std::string_view sent) {
    GstBuffer* repaired = gst_buffer_new_allocate(nullptr, sent.size(), nullptr);
    gst_buffer_fill(repaired, 0, sent.data(), sent.size());
    constexpr auto kCopied = static_cast<GstBufferCopyFlags>(GST_BUFFER_COPY_FLAGS | GST_BUFFER_COPY_TIMESTAMPS);
    gst_buffer_copy_into(repaired, packet, kCopied, 0, -1);
    gst_pad_chain(pad, repaired);
  });
}

GstPadProbeReturn PacketRepair::Pass(GstPad* pad, GstPadProbeInfo* info) {
  passing_ = true;
  if (IsList(info)) {
    GstBufferList* list = GST_PAD_PROBE_INFO_BUFFER_LIST(info);
    for (guint i = 0; i < gst_buffer_list_length(list); ++i) PassPacket(pad, gst_buffer_list_get(list, i));
  } else {
    PassPacket(pad, GST_PAD_PROBE_INFO_BUFFER(info));
  }
  passing_ = false;
  return GST_PAD_PROBE_DROP;
}

}  // namespace framegate
