// The codes for GStreamer's errors and RTSP statuses. test/unit/rtsp-status.test.ts has the same statuses for
// TypeScript.
#include "core/pipeline_error.h"

#include "check.h"

using namespace framegate;

namespace {

PipelineError ErrorOf(GQuark domain, int code, const char* text, const char* debug, unsigned status) {
  GError* error = g_error_new_literal(domain, code, text);
  GstStructure* details =
      status == 0 ? nullptr : gst_structure_new("details", "rtsp-status-code", G_TYPE_UINT, status, nullptr);
  GstMessage* message = gst_message_new_error_with_details(nullptr, error, debug, details);
  PipelineError result = ErrorFromMessage(message);
  gst_message_unref(message);
  g_error_free(error);
  return result;
}

TEST(EachRtspStatusHasItsCode) {
  const struct {
    unsigned status;
    const char* code;
  } cases[] = {
      {401, "ERR_SOURCE_UNAUTHORIZED"}, {403, "ERR_SOURCE_UNAUTHORIZED"}, {404, "ERR_SOURCE_NOT_FOUND"},
      {454, "ERR_SOURCE_NOT_FOUND"},    {453, "ERR_SOURCE_BUSY"},         {503, "ERR_SOURCE_BUSY"},
      {461, "ERR_SOURCE_TRANSPORT"},    {400, "ERR_SOURCE_READ"},         {455, "ERR_SOURCE_READ"},
      {500, "ERR_SOURCE_READ"},
  };
  for (const auto& test : cases) {
    const PipelineError error = ErrorOf(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "text", nullptr, test.status);
    CHECK(error.code == test.code);
    CHECK_EQ(error.rtsp_status, static_cast<int>(test.status));
    if (error.code != test.code) std::fprintf(stderr, "  %u: %s\n", test.status, error.code.c_str());
  }
}

TEST(TheStatusOfARefusedSetupIsReadFromTheDebugText) {
  const struct {
    const char* debug;
    int status;
    const char* code;
  } cases[] = {
      {"gst_rtspsrc_setup_streams_start ():\nError (453): Not Enough Bandwidth", 453, "ERR_SOURCE_BUSY"},
      {"gst_rtspsrc_setup_streams_start ():\nError (404): Not Found", 404, "ERR_SOURCE_NOT_FOUND"},
      {"Error (7): Other", 0, "ERR_SOURCE_READ"},
      {"Error (", 0, "ERR_SOURCE_READ"},
      {"", 0, "ERR_SOURCE_READ"},
  };
  for (const auto& test : cases) {
    const PipelineError error = ErrorOf(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_WRITE, "text", test.debug, 0);
    CHECK(error.code == test.code);
    CHECK_EQ(error.rtsp_status, test.status);
  }
}

TEST(EachGStreamerErrorHasItsCode) {
  const struct {
    GQuark domain;
    int code;
    const char* text;
    const char* debug;
    const char* expected;
  } cases[] = {
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED, "", nullptr, "ERR_SOURCE_UNAUTHORIZED"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND, "", nullptr, "ERR_SOURCE_NOT_FOUND"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE, "", nullptr, "ERR_SOURCE_UNREACHABLE"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "", nullptr, "ERR_SOURCE_UNREACHABLE"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "", nullptr, "ERR_SOURCE_NO_VIDEO"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "", nullptr, "ERR_SOURCE_READ"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_SETTINGS, "You might need to allow more transport protocols", nullptr,
       "ERR_SOURCE_TRANSPORT"},
      {GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_READ, "",
       "Could not receive message. (Timeout while waiting for server response)", "ERR_SOURCE_TIMEOUT"},
      {GST_STREAM_ERROR, GST_STREAM_ERROR_CODEC_NOT_FOUND, "", nullptr, "ERR_CODEC_UNSUPPORTED"},
      {GST_STREAM_ERROR, GST_STREAM_ERROR_WRONG_TYPE, "", nullptr, "ERR_CODEC_UNSUPPORTED"},
      {GST_STREAM_ERROR, GST_STREAM_ERROR_FAILED, "", nullptr, "ERR_SOURCE_STREAM"},
      {GST_CORE_ERROR, GST_CORE_ERROR_MISSING_PLUGIN, "", nullptr, "ERR_CODEC_UNSUPPORTED"},
      {GST_CORE_ERROR, GST_CORE_ERROR_FAILED, "", nullptr, "ERR_PIPELINE"},
      {GST_LIBRARY_ERROR, GST_LIBRARY_ERROR_FAILED, "", nullptr, "ERR_PIPELINE"},
  };
  for (const auto& test : cases) {
    const PipelineError error = ErrorOf(test.domain, test.code, test.text, test.debug, 0);
    CHECK(error.code == test.expected);
    CHECK(!error.message.empty() && !error.nick.empty());
    if (error.code != test.expected) std::fprintf(stderr, "  %s: %s\n", test.expected, error.code.c_str());
  }
}

TEST(TheMessageOfGStreamerIsKept) {
  const PipelineError error =
      ErrorOf(GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ, "Could not open.", "details of it", 0);
  CHECK(error.domain == "gst-resource-error-quark");
  CHECK(error.nick == "open-read");
  CHECK(error.debug == "Could not open.; details of it");
}

}  // namespace

int main(int argc, char** argv) {
  gst_init(&argc, &argv);
  return check::RunTests();
}
