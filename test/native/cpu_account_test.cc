// The CPU time of a session's threads.
#include "core/cpu_account.h"

#include <condition_variable>
#include <thread>

#include "check.h"
#include "core/clocks.h"

using namespace framegate;

namespace {

void Spend(int64_t cpu_ns) {
  const int64_t end_ns = ThreadCpuNs() + cpu_ns;
  while (ThreadCpuNs() < end_ns) {
  }
}

TEST(ATotalHasWhatThreadsSpendBetweenEnterAndLeave) {
  CpuAccount account;
  std::thread([&] {
    Spend(MsToNs(30));  // Before: for another session.
    account.Enter();
    account.Enter();
    Spend(MsToNs(20));
    CHECK(account.TotalNs() >= MsToNs(20));
    account.Leave();
    const int64_t total_ns = account.TotalNs();
    Spend(MsToNs(10));
    CHECK_EQ(account.TotalNs(), total_ns);
  }).join();
  CHECK(account.TotalNs() >= MsToNs(20));
}

TEST(AThreadThatEndsWithoutLeavingKeepsWhatWasSeen) {
  CpuAccount account;
  int64_t seen_ns = 0;
  std::thread([&] {
    account.Enter();
    Spend(MsToNs(5));
    seen_ns = account.TotalNs();
  }).join();
  CHECK(account.TotalNs() >= seen_ns);
  account.Close();
  const int64_t total_ns = account.TotalNs();
  std::thread([&] {
    account.Enter();
    Spend(MsToNs(5));
    account.Leave();
  }).join();
  CHECK_EQ(account.TotalNs(), total_ns);
}

TEST(AShareIsThatOfTheLastFiveSeconds) {
  constexpr int64_t kSecond = 1000000000;
  CpuShare share;
  CHECK(share.due(0));
  share.Add(0, 0);
  CHECK(share.Percent() < 0);
  CHECK(!share.due(kSecond - 1));
  share.Add(kSecond, kSecond / 2);
  CHECK_EQ(share.Percent(), 50.0);
  for (int i = 2; i < 20; ++i) share.Add(i * kSecond, i * 2 * kSecond);
  CHECK_EQ(share.Percent(), 200.0);
}

}  // namespace

int main() { return check::RunTests(); }
