// Faults that are switched on and off while the camera runs: in its packets, its responses and its connections.
// docs/test-camera.md lists them (set on the main thread, applied on the threads of GStreamer and the server).
#ifndef FRAMEGATE_TEST_CAMERA_FAULTS_H_
#define FRAMEGATE_TEST_CAMERA_FAULTS_H_

#include <gst/rtsp-server/rtsp-server.h>

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <random>
#include <string>
#include <vector>

class Faults {
 public:
  Faults();
  ~Faults();
  Faults(const Faults&) = delete;
  Faults& operator=(const Faults&) = delete;

  // Applies to the requests of all clients of `server` (transfer none; it must outlive this).
  void Watch(GstRTSPServer* server);

  // Applies to the input and output of the video's payloader (transfer none).
  void Watch(GstElement* payloader);

  // Switches a fault on. Returns "", or an error message if `words` are not a fault.
  std::string Set(const std::vector<std::string>& words);

  // Switches all faults off and releases hanging requests.
  void Clear();

 private:
  struct Stream {
    double loss = 0;         // Share of RTP packets that are lost.
    int burst = 1;           // Packets lost in a row.
    double drop_frames = 0;  // Share of access units that never become packets.
    double truncate = 0;     // Share of access units that lose their second half.
    bool silence = false;
  };
  struct Requests {
    std::map<std::string, int> status;  // By method, lower case.
    std::map<std::string, bool> hang;
    std::string location;  // Target of a redirect.
    int keep_alive_s = 0;  // A client that sends no request for this long is disconnected; 0: never.
  };

  static void OnConnected(GstRTSPServer* server, GstRTSPClient* client, gpointer self);
  static void OnClosed(GstRTSPClient* client, gpointer self);
  static void OnSend(GstRTSPClient* client, GstRTSPContext* context, GstRTSPMessage* message, gpointer self);
  static gboolean OnTick(gpointer self);
  static GstPadProbeReturn OnAccessUnit(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static GstPadProbeReturn OnPackets(GstPad* pad, GstPadProbeInfo* info, gpointer self);
  static gboolean OnPacket(GstBuffer** packet, guint index, gpointer self);

  GstRTSPStatusCode OnRequest(GstRTSPClient* client, const std::string& method);
  void Disconnect(bool reset);
  void ThreadForEachClient();
  bool Happens(double share);
  bool Lost();
  void Rewrite(GstBuffer** packet);

  template <int kMethod>
  static GstRTSPStatusCode OnMethod(GstRTSPClient* client, GstRTSPContext* context, gpointer self);

  GstRTSPServer* server_ = nullptr;
  guint tick_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  Stream stream_;
  Requests requests_;
  bool ending_ = false;
  std::map<GstRTSPClient*, int64_t> last_request_us_;  // By client.
  std::minstd_rand random_{1};
  int burst_left_ = 0;
  bool bye_ = false;
  // Clear() keeps these: a camera does not jump back either.
  uint32_t ssrc_change_ = 0;
  uint16_t seq_change_ = 0;
  uint32_t timestamp_change_ = 0;
  double drift_ = 0;  // Ticks per tick.
  bool drifts_ = false;
  uint32_t drift_from_ = 0;
};

#endif  // FRAMEGATE_TEST_CAMERA_FAULTS_H_
