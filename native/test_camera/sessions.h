// Counts the RTSP sessions, and ends those whose client is gone (server's threads).
#ifndef FRAMEGATE_TEST_CAMERA_SESSIONS_H_
#define FRAMEGATE_TEST_CAMERA_SESSIONS_H_

#include <gst/rtsp-server/rtsp-server.h>

#include <map>
#include <mutex>
#include <string>

#include "events.h"

class Sessions {
 public:
  // Watches `server` (transfer none); must outlive it.
  explicit Sessions(GstRTSPServer* server);
  ~Sessions();
  Sessions(const Sessions&) = delete;
  Sessions& operator=(const Sessions&) = delete;

  Counts counts() const;

 private:
  static void OnConnected(GstRTSPServer* server, GstRTSPClient* client, gpointer self);
  static void OnDescribe(GstRTSPClient* client, GstRTSPContext* context, gpointer self);
  static void OnSetup(GstRTSPClient* client, GstRTSPContext* context, gpointer self);
  static void OnClosed(GstRTSPClient* client, gpointer self);
  static void OnRemoved(GstRTSPSessionPool* pool, GstRTSPSession* session, gpointer self);

  GstRTSPSessionPool* const pool_;
  mutable std::mutex mutex_;
  Counts counts_;
  std::map<std::string, const GstRTSPClient*> clients_;  // By session id.
};

#endif  // FRAMEGATE_TEST_CAMERA_SESSIONS_H_
