// The connection to a camera, and a local one to rtspsrc or MediaMTX, with an RtspDialog between them. One thread.
#pragma once

#include <gio/gio.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "cpu_account.h"
#include "pipeline_error.h"
#include "rtsp_dialog.h"
#include "stream_types.h"
#include "thread.h"

namespace framegate {

class RtspFront {
 public:
  // On the thread of this object.
  struct Callbacks {
    std::function<void(PipelineError)> on_error;  // A connection failed or ended. The first error counts.
    // For options.tap: see RtspDialog.
    std::function<void(const RtspTracks&)> on_play;
    std::function<void(int channel, std::string_view packet)> on_packet;
    std::function<void(const RtspDialog::Answer&)> on_answer;  // The same, also without options.tap.
  };

  // cpu: of the session.
  RtspFront(const SourceOptions& options, Callbacks callbacks, CpuAccount* cpu);
  ~RtspFront();
  RtspFront(const RtspFront&) = delete;
  RtspFront& operator=(const RtspFront&) = delete;

  // Listens on a local port and starts the thread. False: this machine has no port.
  bool Start();

  // Ends the connections and the thread. Idempotent.
  void Stop();

  // For the client, after Start().
  const std::string& client_url() const { return client_url_; }
  const std::string& client_name() const { return client_name_; }

  // Sends a keep-alive within 0.2 s. Any thread.
  void KeepAliveSoon() { keep_alive_soon_ = true; }

  // When the camera last answered a keep-alive or sent RTCP over TCP, monotonic; 0: not yet. Any thread.
  int64_t last_sign_of_life_ns() const { return last_sign_of_life_ns_; }

 private:
  struct Unref {
    void operator()(void* object) const { g_object_unref(object); }
  };
  template <typename T>
  using Ptr = std::unique_ptr<T, Unref>;
  enum class Reading { kMore, kEmpty, kEnd };

  void Run();
  void Serve(GSocketConnection* client);
  void ReportLostClient();
  Ptr<GSocketConnection> Connect();
  bool Wait(GSocketConnection* client, GSocketConnection* camera);
  bool ReadCamera(GSocketConnection* camera);
  Reading Read(GSocketConnection* connection, size_t* length);
  bool Write(GSocketConnection* connection, std::string* bytes);
  // False: the connection is closed, or the client does not read.
  bool WriteClient(GSocketConnection* client);

  const SourceOptions options_;
  const Callbacks callbacks_;
  CpuAccount* const cpu_;
  std::string client_url_, client_name_;
  Ptr<GSocket> listener_;
  const Ptr<GCancellable> cancellable_;
  GPollFD stop_ = {-1, 0, 0};           // Of cancellable_. It would open a descriptor for each wait if it had none.
  std::unique_ptr<RtspDialog> dialog_;  // Only the thread uses it.
  std::string buffer_;
  std::atomic<bool> keep_alive_soon_{false};
  std::atomic<int64_t> last_sign_of_life_ns_{0};
  Thread thread_;
};

}  // namespace framegate
