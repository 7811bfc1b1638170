// Blocking calls end with the cancellable. Only reading waits for both connections.
#include "rtsp_front.h"

#include <gst/rtsp/rtsp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>

#include "clocks.h"
#include "error_codes.h"
#include "gst_ptr.h"

namespace framegate {
namespace {

constexpr int64_t kLongestWaitMs = 200;
// For the reason in MediaMTX's log, which ends the session first.
constexpr gint kLogMs = 1000;
constexpr size_t kReadBytes = 64 * 1024;
// Reads of the camera before the client gets its turn.
constexpr int kReadsInARow = 16;
// For a MediaMTX that does not read.
constexpr size_t kMostUnsentBytes = 32u << 20;
constexpr int kRtspsPort = 322;

PipelineError ConnectionError(const GError* error) {
  const auto is = [error](GIOErrorEnum code) { return g_error_matches(error, G_IO_ERROR, code) != FALSE; };
  PipelineError result = MakeError(error_code::kSourceUnreachable, "the camera cannot be reached");
  if (is(G_IO_ERROR_TIMED_OUT)) result = MakeError(error_code::kSourceTimeout, "the camera did not respond");
  if (error->domain == G_TLS_ERROR)
    result = MakeError(error_code::kSourceTls, "the TLS connection to the camera failed");
  result.domain = g_quark_to_string(error->domain);
  result.nick = std::to_string(error->code);
  result.element = "rtsp-front";
  result.debug = error->message;
  return result;
}

// fingerprint: SHA-256, 64 digits in lower case.
gboolean OnCertificate(GTlsConnection*, GTlsCertificate* certificate, GTlsCertificateFlags, gpointer fingerprint) {
  GByteArray* der = nullptr;
  g_object_get(certificate, "certificate", &der, nullptr);
  if (!der) return FALSE;
  const GStringPtr seen(g_compute_checksum_for_data(G_CHECKSUM_SHA256, der->data, der->len));
  g_byte_array_unref(der);
  return *static_cast<const std::string*>(fingerprint) == seen.get();
}

// Whom the connection trusts, instead of the system's authorities: with a fingerprint, only the certificate that has it
// (without a database no certificate is trusted, so OnCertificate decides about each); else the authorities in
// SSL_CERT_FILE, as in the gateway's DESCRIBE and in MediaMTX.
void OnEvent(GSocketClient*, GSocketClientEvent event, GSocketConnectable*, GIOStream* connection,
             gpointer fingerprint) {
  if (event != G_SOCKET_CLIENT_TLS_HANDSHAKING) return;
  GTlsConnection* tls = G_TLS_CONNECTION(connection);
  if (!static_cast<const std::string*>(fingerprint)->empty()) {
    g_tls_connection_set_database(tls, nullptr);
    g_signal_connect(tls, "accept-certificate", G_CALLBACK(OnCertificate), fingerprint);
    return;
  }
  const gchar* file = g_getenv("SSL_CERT_FILE");
  GTlsDatabase* authorities = file && *file ? g_tls_file_database_new(file, nullptr) : nullptr;
  if (!authorities) return;
  g_tls_connection_set_database(tls, authorities);
  g_object_unref(authorities);
}

void Close(GSocketConnection* connection) { g_io_stream_close(G_IO_STREAM(connection), nullptr, nullptr); }

}  // namespace

RtspFront::RtspFront(const SourceOptions& options, Callbacks callbacks, CpuAccount* cpu)
    : options_(options),
      callbacks_(std::move(callbacks)),
      cpu_(cpu),
      cancellable_(g_cancellable_new()),
      buffer_(kReadBytes, '\0') {
  if (!g_cancellable_make_pollfd(cancellable_.get(), &stop_)) stop_.fd = -1;
}

RtspFront::~RtspFront() {
  Stop();
  if (stop_.fd >= 0) g_cancellable_release_fd(cancellable_.get());
}

void RtspFront::Stop() {
  g_cancellable_cancel(cancellable_.get());
  thread_.Join();
}

bool RtspFront::Start() {
  listener_.reset(g_socket_new(G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, nullptr));
  const Ptr<GInetAddress> loopback(g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4));
  const Ptr<GSocketAddress> any_port(g_inet_socket_address_new(loopback.get(), 0));
  if (!listener_ || !g_socket_bind(listener_.get(), any_port.get(), FALSE, nullptr) ||
      !g_socket_listen(listener_.get(), nullptr)) {
    return false;
  }
  const Ptr<GSocketAddress> bound(g_socket_get_local_address(listener_.get(), nullptr));
  const guint16 port = bound ? g_inet_socket_address_get_port(G_INET_SOCKET_ADDRESS(bound.get())) : 0;
  client_name_ = GStringPtr(g_uuid_string_random()).get();
  client_url_ = "rtsp://127.0.0.1:" + std::to_string(port);
  if (options_.tap) client_url_ += "/" + client_name_;  // MediaMTX chooses its user agent.
  // The path is the camera's, so that the client joins it with relative addresses of tracks as usual.
  const size_t host = options_.url.find("://") + 3;
  const size_t path = options_.url.find_first_of("/?", host);
  if (path != std::string::npos) client_url_ += options_.url.substr(path);
  RtspDialog::Options options;
  options.client_url = client_url_;
  options.client_name = client_name_;
  options.camera_url = options_.url;
  options.user_agent = options_.user_agent;
  options.user = options_.user;
  options.password = options_.password;
  options.over_tcp = options_.transport == "tcp";
  options.on_play = callbacks_.on_play;
  options.on_packet = callbacks_.on_packet;
  options.on_answer = callbacks_.on_answer;
  dialog_ = std::make_unique<RtspDialog>(std::move(options));
  return thread_.Start([this] { Run(); });
}

void RtspFront::Run() {
  cpu_->Enter();
  // rtspsrc connects a second time if the camera closes the connection while the packets come over UDP.
  while (listener_ && !g_cancellable_is_cancelled(cancellable_.get())) {
    const Ptr<GSocket> accepted(g_socket_accept(listener_.get(), cancellable_.get(), nullptr));
    if (!accepted) continue;
    g_socket_set_option(accepted.get(), IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
    const Ptr<GSocketConnection> client(g_socket_connection_factory_create_connection(accepted.get()));
    dialog_->ClientConnected();
    Serve(client.get());
    Close(client.get());
    // MediaMTX gets one session for each of the gateway's.
    if (!options_.tap || !dialog_->client_known()) continue;
    listener_.reset();
    ReportLostClient();
  }
}

void RtspFront::ReportLostClient() {
  if (!dialog_->playing()) g_poll(&stop_, 1, kLogMs);
  if (g_cancellable_is_cancelled(cancellable_.get())) return;
  callbacks_.on_error(MakeError(error_code::kSourceClosed, "MediaMTX closed its connection to the gateway"));
}

// Until one side closes its connection. The camera's is made when there is something to send.
void RtspFront::Serve(GSocketConnection* client) {
  Ptr<GSocketConnection> camera;
  std::string connected_to;
  while (true) {
    if (!dialog_->to_camera.empty() && (!camera || connected_to != dialog_->camera_url())) {
      if (camera) Close(camera.get());
      connected_to = dialog_->camera_url();
      camera = Connect();
      if (!camera) return;
    }
    if (camera && !Write(camera.get(), &dialog_->to_camera)) break;
    if (!Wait(client, camera.get())) break;
    size_t length = 0;
    const Reading reading = Read(client, &length);
    if (reading == Reading::kEnd) break;
    if (reading == Reading::kMore && !dialog_->TakeFromClient({buffer_.data(), length})) break;
    const bool open = !camera || ReadCamera(camera.get());
    if (keep_alive_soon_.exchange(false)) dialog_->KeepAliveNow();
    dialog_->Tick(MonotonicNs());
    last_sign_of_life_ns_ = dialog_->last_sign_of_life_ns();
    if (!open && options_.tap) {
      callbacks_.on_error(MakeError(error_code::kSourceClosed, "the camera closed the connection"));
    }
    const bool ended = dialog_->ended(MonotonicNs());
    if (ended) callbacks_.on_error(MakeError(error_code::kSourceClosed, "the camera ended the stream"));
    if (!WriteClient(client) || !open || ended) break;
  }
  // What rtspsrc has sent last, usually TEARDOWN, still goes out.
  if (camera) {
    Write(camera.get(), &dialog_->to_camera);
    Close(camera.get());
  }
}

// False: the object is about to be destroyed.
bool RtspFront::Wait(GSocketConnection* client, GSocketConnection* camera) {
  GPollFD fds[3] = {};
  fds[0] = {g_socket_get_fd(g_socket_connection_get_socket(client)), G_IO_IN, 0};
  if (!dialog_->to_client.empty()) fds[0].events |= G_IO_OUT;
  fds[1] = stop_;
  if (camera) fds[2] = {g_socket_get_fd(g_socket_connection_get_socket(camera)), G_IO_IN, 0};
  const int64_t due_ns = dialog_->next_tick_ns();
  const int64_t wait_ms = std::clamp<int64_t>((due_ns - MonotonicNs()) / MsToNs(1) + 1, 0, kLongestWaitMs);
  g_poll(fds, camera ? 3 : 2, static_cast<gint>(wait_ms));
  return !g_cancellable_is_cancelled(cancellable_.get());
}

RtspFront::Reading RtspFront::Read(GSocketConnection* connection, size_t* length) {
  GPollableInputStream* input = G_POLLABLE_INPUT_STREAM(g_io_stream_get_input_stream(G_IO_STREAM(connection)));
  GError* error = nullptr;
  const gssize read = g_pollable_input_stream_read_nonblocking(input, &buffer_[0], buffer_.size(), nullptr, &error);
  const bool empty = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error(&error);
  if (empty) return Reading::kEmpty;
  if (read <= 0) return Reading::kEnd;
  *length = static_cast<size_t>(read);
  return Reading::kMore;
}

// False: the camera closed the connection, or does not speak RTSP.
bool RtspFront::ReadCamera(GSocketConnection* camera) {
  for (int i = 0; i < kReadsInARow; ++i) {
    size_t length = 0;
    const Reading reading = Read(camera, &length);
    if (reading == Reading::kEnd) return false;
    if (reading == Reading::kEmpty) return true;
    if (!dialog_->TakeFromCamera({buffer_.data(), length}, MonotonicNs())) {
      callbacks_.on_error(MakeError(error_code::kSourceRead, "the camera does not speak RTSP"));
      return false;
    }
  }
  return true;
}

bool RtspFront::Write(GSocketConnection* connection, std::string* bytes) {
  GOutputStream* output = g_io_stream_get_output_stream(G_IO_STREAM(connection));
  const bool written = bytes->empty() || g_output_stream_write_all(output, bytes->data(), bytes->size(), nullptr,
                                                                   cancellable_.get(), nullptr) != FALSE;
  bytes->clear();
  return written;
}

// A MediaMTX that does not read must not delay the packets for on_packet. With rtspsrc, the camera waits instead.
bool RtspFront::WriteClient(GSocketConnection* client) {
  std::string* unsent = &dialog_->to_client;
  if (!options_.tap) return Write(client, unsent);
  if (unsent->empty()) return true;
  GPollableOutputStream* output = G_POLLABLE_OUTPUT_STREAM(g_io_stream_get_output_stream(G_IO_STREAM(client)));
  GError* error = nullptr;
  const gssize written =
      g_pollable_output_stream_write_nonblocking(output, unsent->data(), unsent->size(), nullptr, &error);
  const bool full = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error(&error);
  if (written < 0 && !full) return false;
  if (!full) unsent->erase(0, static_cast<size_t>(written));
  if (!full || unsent->size() <= kMostUnsentBytes) return true;
  callbacks_.on_error(MakeError(error_code::kSourceClosed, "MediaMTX has not read 32 MB of the camera's packets"));
  return false;
}

RtspFront::Ptr<GSocketConnection> RtspFront::Connect() {
  GstRTSPUrl* url = nullptr;
  const std::string& text = dialog_->camera_url();
  if (gst_rtsp_url_parse(text.c_str(), &url) != GST_RTSP_OK) {
    callbacks_.on_error(MakeError(error_code::kSourceUnreachable, "the camera's address is not valid"));
    return nullptr;
  }
  const bool tls = text.rfind("rtsps:", 0) == 0;
  const guint16 port = url->port != 0 ? url->port : static_cast<guint16>(tls ? kRtspsPort : GST_RTSP_DEFAULT_PORT);
  const Ptr<GSocketClient> client(g_socket_client_new());
  g_socket_client_set_enable_proxy(client.get(), FALSE);
  g_socket_client_set_tls(client.get(), tls);
  g_socket_client_set_timeout(client.get(), static_cast<guint>(std::max(1, options_.connect_timeout_ms / 1000)));
  g_signal_connect(client.get(), "event", G_CALLBACK(OnEvent), const_cast<std::string*>(&options_.tls_fingerprint));
  GError* error = nullptr;
  Ptr<GSocketConnection> camera(
      g_socket_client_connect_to_host(client.get(), url->host, port, cancellable_.get(), &error));
  gst_rtsp_url_free(url);
  if (!camera) {
    if (!g_cancellable_is_cancelled(cancellable_.get())) callbacks_.on_error(ConnectionError(error));
    g_clear_error(&error);
    return nullptr;
  }
  GSocket* socket = g_socket_connection_get_socket(camera.get());
  g_socket_set_timeout(socket, 0);
  g_socket_set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1, nullptr);
  const Ptr<GSocketAddress> address(g_socket_connection_get_remote_address(camera.get(), nullptr));
  const bool is_ip = address && G_IS_INET_SOCKET_ADDRESS(address.get());
  GInetAddress* ip = is_ip ? g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(address.get())) : nullptr;
  dialog_->CameraConnected(ip ? GStringPtr(g_inet_address_to_string(ip)).get() : "");
  return camera;
}

}  // namespace framegate
