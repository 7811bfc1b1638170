// An RTSP camera for tests, benchmarks and the demo (main thread).
#include <glib-unix.h>
#include <gst/gst.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "commands.h"
#include "drawn_source.h"
#include "events.h"
#include "faults.h"
#include "feeder.h"
#include "file_source.h"
#include "media.h"
#include "metadata_pay.h"
#include "options.h"
#include "server.h"
#include "sessions.h"

namespace {

constexpr int kBadUse = 2;

gboolean OnSignal(gpointer loop) {
  g_main_loop_quit(static_cast<GMainLoop*>(loop));
  return G_SOURCE_CONTINUE;
}

// So that no camera outlives the test that started it.
void EndWithParent() {
  const pid_t parent = getppid();
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (getppid() != parent) raise(SIGTERM);
}

int Serve(Options& options, Source* source, DrawnSource* drawn) {
  Feeder feeder(source);
  Faults faults;
  MediaContext context{&options, source, &feeder, &faults};
  GstRTSPMediaFactory* factory = NewMediaFactory(&context);
  GstRTSPServer* server = NewServer(options, GST_RTSP_MEDIA_FACTORY(g_object_ref(factory)));
  faults.Watch(server);
  int status = 0;
  {
    Sessions sessions(server);
    GMainLoop* loop = g_main_loop_new(nullptr, FALSE);
    Camera camera{loop, server, factory, &context, &options, &sessions, &feeder, &faults, drawn};
    g_unix_signal_add(SIGINT, OnSignal, loop);
    g_unix_signal_add(SIGTERM, OnSignal, loop);
    const int port = Listen(server);
    if (port == 0) {
      std::fprintf(stderr, "--port %d: cannot listen on %s; expected a free port.\n", options.port,
                   options.address.c_str());
      status = kBadUse;
    } else {
      PrintReady(Url(options, port), LoginUrl(options, port), port);
      if (options.read_stdin) WatchStdin(&camera);
      g_main_loop_run(loop);
    }
    faults.Clear();
    ShutDown(server);
    g_object_unref(factory);
    g_object_unref(server);
    g_main_loop_unref(loop);
  }
  return status;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  std::string message;
  const Parsed parsed = ParseOptions(argc, argv, &options, &message);
  if (parsed != Parsed::kRun) {
    std::fprintf(parsed == Parsed::kHelp ? stdout : stderr, "%s\n", message.c_str());
    return parsed == Parsed::kHelp ? 0 : kBadUse;
  }
  EndWithParent();
  signal(SIGPIPE, SIG_IGN);
  gst_init(nullptr, nullptr);
  RegisterMetadataPay();
  std::unique_ptr<Source> source;
  DrawnSource* drawn = nullptr;
  if (!options.file.empty()) {
    const bool audio = !options.audio_given || options.audio != Audio::kNone;
    source = FileSource::Load(options.file, audio, &message);
    if (source == nullptr) {
      std::fprintf(stderr, "--file %s: %s; expected a file with H.264 or H.265 video.\n", options.file.c_str(),
                   message.c_str());
      return kBadUse;
    }
  } else if (options.video) {
    auto made = std::make_unique<DrawnSource>(options);
    drawn = made.get();
    source = std::move(made);
  }
  return Serve(options, source.get(), drawn);
}
