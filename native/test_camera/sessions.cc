// Counts by the server's signals; a session starts with its first SETUP (server's threads).
#include "sessions.h"

#include <vector>

Sessions::Sessions(GstRTSPServer* server) : pool_(gst_rtsp_server_get_session_pool(server)) {
  g_signal_connect(server, "client-connected", G_CALLBACK(OnConnected), this);
  g_signal_connect(pool_, "session-removed", G_CALLBACK(OnRemoved), this);
}

Sessions::~Sessions() {
  g_signal_handlers_disconnect_by_data(pool_, this);
  gst_object_unref(pool_);
}

Counts Sessions::counts() const {
  std::lock_guard<std::mutex> lock(mutex_);
  return counts_;
}

void Sessions::OnConnected(GstRTSPServer*, GstRTSPClient* client, gpointer self) {
  auto* sessions = static_cast<Sessions*>(self);
  {
    std::lock_guard<std::mutex> lock(sessions->mutex_);
    ++sessions->counts_.connections;
    ++sessions->counts_.open_connections;
  }
  g_signal_connect(client, "describe-request", G_CALLBACK(OnDescribe), self);
  g_signal_connect(client, "setup-request", G_CALLBACK(OnSetup), self);
  g_signal_connect(client, "closed", G_CALLBACK(OnClosed), self);
}

void Sessions::OnDescribe(GstRTSPClient*, GstRTSPContext*, gpointer self) {
  auto* sessions = static_cast<Sessions*>(self);
  std::lock_guard<std::mutex> lock(sessions->mutex_);
  ++sessions->counts_.describes;
}

void Sessions::OnSetup(GstRTSPClient* client, GstRTSPContext* context, gpointer self) {
  auto* sessions = static_cast<Sessions*>(self);
  if (context->session == nullptr) return;
  std::lock_guard<std::mutex> lock(sessions->mutex_);
  const char* id = gst_rtsp_session_get_sessionid(context->session);
  if (!sessions->clients_.emplace(id, client).second) return;  // Its second track.
  ++sessions->counts_.active;
  ++sessions->counts_.total;
  PrintSession(sessions->counts_);
}

// The server would keep a UDP session for another minute, in case the client returns.
void Sessions::OnClosed(GstRTSPClient* client, gpointer self) {
  auto* sessions = static_cast<Sessions*>(self);
  std::vector<std::string> ids;
  {
    std::lock_guard<std::mutex> lock(sessions->mutex_);
    --sessions->counts_.open_connections;
    for (const auto& [id, owner] : sessions->clients_) {
      if (owner == client) ids.push_back(id);
    }
  }
  for (const std::string& id : ids) {
    GstRTSPSession* session = gst_rtsp_session_pool_find(sessions->pool_, id.c_str());
    if (session == nullptr) continue;
    gst_rtsp_session_pool_remove(sessions->pool_, session);
    g_object_unref(session);
  }
}

void Sessions::OnRemoved(GstRTSPSessionPool*, GstRTSPSession* session, gpointer self) {
  auto* sessions = static_cast<Sessions*>(self);
  std::lock_guard<std::mutex> lock(sessions->mutex_);
  if (sessions->clients_.erase(gst_rtsp_session_get_sessionid(session)) == 0) return;
  --sessions->counts_.active;
  PrintSession(sessions->counts_);
}
