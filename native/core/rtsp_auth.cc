// See the header.
#include "rtsp_auth.h"

#include <glib.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "gst_ptr.h"

namespace framegate {
namespace {

struct Challenge {
  std::string scheme;                             // In lower case.
  std::map<std::string, std::string> parameters;  // Names in lower case, values without their quotes.

  std::string Value(const std::string& name) const {
    const auto found = parameters.find(name);
    return found == parameters.end() ? "" : found->second;
  }
};

std::string LowerCase(std::string_view text) {
  return GStringPtr(g_ascii_strdown(text.data(), static_cast<gssize>(text.size()))).get();
}

// Takes `"text"` or `text`, and returns it without quotes.
std::string TakeValue(std::string_view* text) {
  const bool quoted = !text->empty() && text->front() == '"';
  if (quoted) text->remove_prefix(1);
  const size_t end = std::min(text->find_first_of(quoted ? "\"" : ", \t"), text->size());
  std::string value(text->substr(0, end));
  text->remove_prefix(std::min(end + (quoted ? 1 : 0), text->size()));
  return value;
}

// A header may hold several challenges, as in `Digest realm="a", nonce="b", Basic realm="a"`.
void ParseChallenges(std::string_view header, std::vector<Challenge>* challenges) {
  while (true) {
    const size_t begin = header.find_first_not_of(", \t");
    if (begin == std::string_view::npos) return;
    header.remove_prefix(begin);
    const size_t end = std::min(header.find_first_of("=, \t"), header.size());
    const std::string name = LowerCase(header.substr(0, end));
    header.remove_prefix(end);
    if (header.empty() || header.front() != '=') {
      challenges->push_back({name, {}});
      continue;
    }
    header.remove_prefix(1);
    std::string value = TakeValue(&header);
    if (!challenges->empty()) challenges->back().parameters.emplace(name, std::move(value));
  }
}

bool UsesSha256(const std::string& algorithm) { return LowerCase(algorithm).rfind("sha-256", 0) == 0; }

bool IsKnown(const Challenge& challenge) {
  const std::string algorithm = LowerCase(challenge.Value("algorithm"));
  const bool known = algorithm.empty() || algorithm == "md5" || algorithm == "md5-sess" || algorithm == "sha-256" ||
                     algorithm == "sha-256-sess";
  return known && challenge.scheme == "digest" && challenge.parameters.count("nonce") != 0;
}

bool OffersAuth(const std::string& qualities) {
  std::string_view rest = qualities;
  while (!rest.empty()) {
    rest.remove_prefix(std::min(rest.find_first_not_of(", \t"), rest.size()));
    if (TakeValue(&rest) == "auth") return true;
  }
  return false;
}

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '"' || c == '\\') escaped += '\\';
    escaped += c;
  }
  return escaped;
}

std::string Quoted(const char* name, const std::string& value) { return std::string(name) + "=\"" + value + "\""; }

}  // namespace

bool RtspAuth::Take(const std::vector<std::string>& headers) {
  if (user_.empty()) return false;
  std::vector<Challenge> challenges;
  for (const std::string& header : headers) ParseChallenges(header, &challenges);
  // No part of the user name may begin a new header line. Basic encodes it.
  const bool plain = user_.find_first_of(std::string("\r\n\0", 3)) == std::string::npos;
  const auto digest = std::find_if(challenges.begin(), challenges.end(), [&](auto& c) { return plain && IsKnown(c); });
  const bool basic = std::any_of(challenges.begin(), challenges.end(), [](auto& c) { return c.scheme == "basic"; });
  if (digest == challenges.end() && !basic) return false;
  if (digest == challenges.end()) {
    kind_ = Kind::kBasic;
    nonce_.clear();
    stale_ = false;
    return true;
  }
  kind_ = Kind::kDigest;
  if (nonce_ != digest->Value("nonce")) uses_ = 0;
  realm_ = digest->Value("realm");
  nonce_ = digest->Value("nonce");
  algorithm_ = digest->Value("algorithm");
  has_opaque_ = digest->parameters.count("opaque") != 0;
  opaque_ = digest->Value("opaque");
  stale_ = LowerCase(digest->Value("stale")) == "true";
  quality_auth_ = OffersAuth(digest->Value("qop"));
  return true;
}

std::string RtspAuth::Header(const std::string& method, const std::string& uri) {
  if (kind_ == Kind::kNone) return "";
  if (kind_ == Kind::kDigest) return Digest(method, uri);
  const std::string both = user_ + ":" + password_;
  const GStringPtr encoded(g_base64_encode(reinterpret_cast<const unsigned char*>(both.data()), both.size()));
  return std::string("Basic ") + encoded.get();
}

std::string RtspAuth::Digest(const std::string& method, const std::string& uri) {
  const GChecksumType type = UsesSha256(algorithm_) ? G_CHECKSUM_SHA256 : G_CHECKSUM_MD5;
  const auto hash = [type](const std::string& text) {
    return std::string(
        GStringPtr(g_compute_checksum_for_string(type, text.data(), static_cast<gssize>(text.size()))).get());
  };
  const bool per_session = LowerCase(algorithm_).find("-sess") != std::string::npos;
  std::string client_nonce = std::move(client_nonce_);
  client_nonce_.clear();
  if (client_nonce.empty()) {
    client_nonce = GStringPtr(g_strdup_printf("%08x%08x", g_random_int(), g_random_int())).get();
  }
  const std::string count = GStringPtr(g_strdup_printf("%08x", ++uses_)).get();
  std::string secret = hash(user_ + ":" + realm_ + ":" + password_);
  if (per_session) secret = hash(secret + ":" + nonce_ + ":" + client_nonce);
  const std::string quality = quality_auth_ ? count + ":" + client_nonce + ":auth:" : "";
  const std::string response = hash(secret + ":" + nonce_ + ":" + quality + hash(method + ":" + uri));

  std::string header = "Digest " + Quoted("username", Escaped(user_)) + ", " + Quoted("realm", realm_) + ", " +
                       Quoted("nonce", nonce_) + ", " + Quoted("uri", uri) + ", " + Quoted("response", response);
  if (!algorithm_.empty()) header += ", algorithm=" + algorithm_;
  if (quality_auth_) header += ", qop=auth, nc=" + count;
  if (quality_auth_ || per_session) header += ", " + Quoted("cnonce", client_nonce);
  if (has_opaque_) header += ", " + Quoted("opaque", opaque_);
  return header;
}

}  // namespace framegate
