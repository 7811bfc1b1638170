// Starts and stops libgstrtspserver (main thread).
#include "server.h"

#include <memory>

namespace {

constexpr char kRole[] = "viewer";
constexpr guint kCleanUpSeconds = 2;
constexpr char kSourceKey[] = "test-camera-listener";

GstRTSPAuth* NewAuth(const Options& options) {
  GstRTSPAuth* auth = gst_rtsp_auth_new();
  GstRTSPToken* token = gst_rtsp_token_new(GST_RTSP_TOKEN_MEDIA_FACTORY_ROLE, G_TYPE_STRING, kRole, nullptr);
  if (options.digest) {
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_DIGEST);
    gst_rtsp_auth_add_digest(auth, options.user.c_str(), options.password.c_str(), token);
  } else {
    gchar* basic = gst_rtsp_auth_make_basic(options.user.c_str(), options.password.c_str());
    gst_rtsp_auth_set_supported_methods(auth, GST_RTSP_AUTH_BASIC);
    gst_rtsp_auth_add_basic(auth, basic, token);
    g_free(basic);
  }
  gst_rtsp_token_unref(token);
  return auth;
}

gboolean OnCleanUp(gpointer pool) {
  gst_rtsp_session_pool_cleanup(GST_RTSP_SESSION_POOL(pool));
  return G_SOURCE_CONTINUE;
}

GstRTSPFilterResult RemoveClient(GstRTSPServer*, GstRTSPClient*, gpointer) { return GST_RTSP_FILTER_REMOVE; }

}  // namespace

void SetCredentials(GstRTSPServer* server, const Options& options) {
  GstRTSPAuth* auth = NewAuth(options);
  gst_rtsp_server_set_auth(server, auth);
  g_object_unref(auth);
}

GstRTSPServer* NewServer(const Options& options, GstRTSPMediaFactory* factory) {
  GstRTSPServer* server = gst_rtsp_server_new();
  gst_rtsp_server_set_address(server, options.address.c_str());
  gst_rtsp_server_set_service(server, std::to_string(options.port).c_str());
  if (!options.user.empty()) {
    SetCredentials(server, options);
    gst_rtsp_media_factory_add_role(factory, kRole, GST_RTSP_PERM_MEDIA_FACTORY_ACCESS, G_TYPE_BOOLEAN, TRUE,
                                    GST_RTSP_PERM_MEDIA_FACTORY_CONSTRUCT, G_TYPE_BOOLEAN, TRUE, nullptr);
  }
  GstRTSPMountPoints* mounts = gst_rtsp_server_get_mount_points(server);
  gst_rtsp_mount_points_add_factory(mounts, options.path.c_str(), factory);
  g_object_unref(mounts);
  return server;
}

int Listen(GstRTSPServer* server) {
  const guint id = gst_rtsp_server_attach(server, nullptr);
  if (id == 0) return 0;
  g_object_set_data(G_OBJECT(server), kSourceKey, GUINT_TO_POINTER(id));
  GstRTSPSessionPool* pool = gst_rtsp_server_get_session_pool(server);
  g_timeout_add_seconds_full(G_PRIORITY_DEFAULT, kCleanUpSeconds, OnCleanUp, pool, g_object_unref);
  return gst_rtsp_server_get_bound_port(server);
}

std::string LoginUrl(const Options& options, int port) {
  if (options.user.empty()) return "";
  const auto escaped = [](const std::string& text) {
    const std::unique_ptr<char, decltype(&g_free)> out(g_uri_escape_string(text.c_str(), nullptr, FALSE), g_free);
    return std::string(out.get());
  };
  return Url(options, port)
      .insert(sizeof("rtsp://") - 1, escaped(options.user) + ":" + escaped(options.password) + "@");
}

std::string Url(const Options& options, int port) {
  std::string host = options.address;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  if (host.find(':') != std::string::npos) host = "[" + host + "]";
  return "rtsp://" + host + ":" + std::to_string(port) + options.path;
}

void ShutDown(GstRTSPServer* server) {
  const guint id = GPOINTER_TO_UINT(g_object_get_data(G_OBJECT(server), kSourceKey));
  if (id != 0) g_source_remove(id);
  GList* none = gst_rtsp_server_client_filter(server, RemoveClient, nullptr);
  g_list_free_full(none, g_object_unref);
}
