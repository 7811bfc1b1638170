// GStreamer's leaks tracer: a closed pipeline has freed all its GStreamer objects.
#include <gst/gst.h>

#include <cstdlib>
#include <map>
#include <memory>

#include "core/gst_init.h"
#include "pipeline_user.h"
#include "test_camera.h"

namespace {

constexpr const char* kCodecs[] = {"h264", "h265", "mjpeg"};
constexpr int kCycles = 21;
// A leak in every pipeline of one codec would count seven. In about one of 50 runs, GStreamer 1.22 leaks one buffer,
// with its memory and caps, if it is closed while it connects.
constexpr int kMaxLeft = 2;

// All types except plugins and their features, which are never freed.
constexpr char kTracer[] =
    "leaks(filters=\"GstElement,GstPad,GstBus,GstTask,GstClock,GstBufferPool,GstAllocator,GstStream,"
    "GstStreamCollection,"
    "GstBuffer,GstBufferList,GstMemory,GstSample,GstCaps,GstEvent,GstMessage,GstQuery,GstPromise,GstContext,"
    "GstTagList\")";

using Counts = std::map<std::string, int>;  // By type.

// The objects made since tracking started. Call it once: a second checkpoint starts from this one.
Counts Made(GstTracer* tracer) {
  Counts counts;
  GstStructure* answer = nullptr;
  g_signal_emit_by_name(tracer, "activity-get-checkpoint", &answer);
  const GValue* list = gst_structure_get_value(answer, "objects-created-list");
  for (guint i = 0; i < gst_value_list_get_size(list); ++i) {
    ++counts[gst_structure_get_string(gst_value_get_structure(gst_value_list_get_value(list, i)), "type-name")];
  }
  gst_structure_free(answer);
  return counts;
}

// The live objects. Call it only at the end: the tracer of GStreamer 1.22 returns its objects without a reference, so
// objects in use get freed.
Counts Left(GstTracer* tracer) {
  Counts counts;
  GstStructure* answer = nullptr;
  g_signal_emit_by_name(tracer, "get-live-objects", &answer);
  const GValue* list = gst_structure_get_value(answer, "live-objects-list");
  for (guint i = 0; i < gst_value_list_get_size(list); ++i) {
    const GstStructure* live = gst_value_get_structure(gst_value_list_get_value(list, i));
    ++counts[G_VALUE_TYPE_NAME(gst_structure_get_value(live, "object"))];
  }
  return counts;
}

void Cycle(const std::string& url, unsigned seed) {
  UsePipeline(url, seed, [&](PipelineUser& user) {
    PipelineUser closed_at_once(url, seed);
    closed_at_once.Close();
    return user.WaitUntil([](const PipelineUser::Seen& seen) { return seen.frames >= 2; });
  });
}

TEST(AClosedPipelineLeaksNothing) {
  std::unique_ptr<TestCamera> cameras[std::size(kCodecs)];
  for (size_t i = 0; i < std::size(kCodecs); ++i) cameras[i] = std::make_unique<TestCamera>(kCodecs[i]);
  setenv("GST_TRACERS", kTracer, 1);
  CHECK(framegate::EnsureGstInit().empty());
  GList* tracers = gst_tracing_get_active_tracers();
  CHECK_EQ(g_list_length(tracers), 1u);
  if (check::failures > 0) return;
  auto* tracer = static_cast<GstTracer*>(tracers->data);

  g_signal_emit_by_name(tracer, "activity-start-tracking");
  for (unsigned i = 0; i < kCycles; ++i) Cycle(cameras[i % std::size(kCodecs)]->url(), i);
  Counts made = Made(tracer);
  CHECK(made["GstRTSPSrc"] >= 2 * kCycles);
  for (const char* type : {"avdec_h264", "avdec_h265", "GstJpegDec", "GstPad", "GstCaps", "GstEvent", "GstMessage"})
    CHECK(made[type] >= kCycles / 3);
  CHECK(made["GstSample"] >= 2 * kCycles && made["GstBuffer"] >= 4 * kCycles);
  for (const auto& [type, count] : Left(tracer)) {
    std::fprintf(stderr, "%d of %d %s are left\n", count, made[type], type.c_str());
    CHECK(count <= kMaxLeft);
  }
  g_list_free_full(tracers, gst_object_unref);
}

}  // namespace

int main() { return check::RunTests(); }
