// Answers a camera's challenges: Digest with MD5 or SHA-256 (RFC 2617, RFC 7616) and Basic. Pure, apart from the
// client's nonce.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace framegate {

class RtspAuth {
 public:
  // An empty user: there are no credentials.
  RtspAuth(std::string user, std::string password) : user_(std::move(user)), password_(std::move(password)) {}

  // Takes the WWW-Authenticate headers of a 401. Of several challenges, the first Digest with a known algorithm counts,
  // and Basic if there is none. False: there are no credentials, or no challenge is of a known kind.
  bool Take(const std::vector<std::string>& headers);

  // Of the last challenge taken; "" for Basic.
  const std::string& nonce() const { return nonce_; }
  bool stale() const { return stale_; }

  // The Authorization header for a request; "" before the first challenge. Counts the uses of the nonce.
  std::string Header(const std::string& method, const std::string& uri);

  // For another camera.
  void ForgetChallenge() { kind_ = Kind::kNone; }

  // Of the next Header(); for tests.
  void SetClientNonce(std::string nonce) { client_nonce_ = std::move(nonce); }

 private:
  enum class Kind { kNone, kBasic, kDigest };
  std::string Digest(const std::string& method, const std::string& uri);

  const std::string user_, password_;
  Kind kind_ = Kind::kNone;
  std::string realm_, nonce_, opaque_, algorithm_;
  std::string client_nonce_;
  bool has_opaque_ = false, stale_ = false, quality_auth_ = false;
  unsigned uses_ = 0;
};

}  // namespace framegate
