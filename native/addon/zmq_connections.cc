// libzmq accepts connections until the process has no file descriptor left, and has no limit for them. This replaces
// the accept4() and close() that libzmq calls, by the slots through which the dynamic linker connects it to libc.
#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <set>

#include "functions.h"

namespace framegate {
namespace {

struct Connections {
  std::mutex mutex;
  std::set<int> open;
  std::atomic<int> max{0};
  std::atomic<uint32_t> refused{0};
};

// Never freed: libzmq's threads may outlive the environment of Node.js.
Connections& TheConnections() {
  static auto* connections = new Connections;
  return *connections;
}

// libzmq takes ECONNABORTED as a client that has left before it was accepted. EMFILE would end the process (ipc://).
int Aborted() {
  errno = ECONNABORTED;
  return -1;
}

int Accept(int listener, sockaddr* address, socklen_t* size, int flags) {
  Connections& all = TheConnections();
  const int fd = accept4(listener, address, size, flags);
  if (fd < 0) return errno == EMFILE || errno == ENFILE ? Aborted() : fd;
  {
    std::lock_guard<std::mutex> lock(all.mutex);
    if (static_cast<int>(all.open.size()) < all.max) {
      all.open.insert(fd);
      return fd;
    }
  }
  close(fd);
  ++all.refused;
  return Aborted();
}

int Close(int fd) {
  Connections& all = TheConnections();
  std::lock_guard<std::mutex> lock(all.mutex);  // Until the number is free, so that no new connection has it yet.
  all.open.erase(fd);
  return close(fd);
}

#if defined(__x86_64__)
constexpr uint32_t kSlotTypes[] = {R_X86_64_JUMP_SLOT, R_X86_64_GLOB_DAT};
#elif defined(__aarch64__)
constexpr uint32_t kSlotTypes[] = {R_AARCH64_JUMP_SLOT, R_AARCH64_GLOB_DAT};
#else
constexpr uint32_t kSlotTypes[] = {UINT32_MAX};
#endif

bool IsSlot(uint32_t type) {
  for (const uint32_t slot : kSlotTypes) {
    if (type == slot) return true;
  }
  return false;
}

// The tables of a loaded library that name its slots.
struct Tables {
  const char* strings = nullptr;
  const ElfW(Sym) * symbols = nullptr;
  const ElfW(Rela) * calls = nullptr;
  size_t calls_size = 0;
  const ElfW(Rela) * data = nullptr;
  size_t data_size = 0;
};

template <typename T>
const T* At(const dl_phdr_info& library, ElfW(Addr) address) {
  // glibc has added the base already, musl has not.
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the loader gives addresses as numbers.
  return reinterpret_cast<const T*>(address < library.dlpi_addr ? library.dlpi_addr + address : address);
}

Tables TablesOf(const dl_phdr_info& library) {
  Tables tables;
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    if (library.dlpi_phdr[i].p_type != PT_DYNAMIC) continue;
    for (const auto* entry = At<ElfW(Dyn)>(library, library.dlpi_addr + library.dlpi_phdr[i].p_vaddr);
         entry->d_tag != DT_NULL; ++entry) {
      const ElfW(Addr) value = entry->d_un.d_val;
      if (entry->d_tag == DT_STRTAB) tables.strings = At<char>(library, value);
      if (entry->d_tag == DT_SYMTAB) tables.symbols = At<ElfW(Sym)>(library, value);
      if (entry->d_tag == DT_JMPREL) tables.calls = At<ElfW(Rela)>(library, value);
      if (entry->d_tag == DT_PLTRELSZ) tables.calls_size = value;
      if (entry->d_tag == DT_RELA) tables.data = At<ElfW(Rela)>(library, value);
      if (entry->d_tag == DT_RELASZ) tables.data_size = value;
    }
  }
  return tables;
}

// Whether the linker has made the slot read-only (RELRO).
bool IsReadOnly(const dl_phdr_info& library, ElfW(Addr) slot) {
  for (int i = 0; i < library.dlpi_phnum; ++i) {
    const ElfW(Phdr) & part = library.dlpi_phdr[i];
    if (part.p_type == PT_GNU_RELRO && slot - library.dlpi_addr - part.p_vaddr < part.p_memsz) return true;
  }
  return false;
}

bool SetSlot(const dl_phdr_info& library, ElfW(Addr) slot, void* function) {
  const auto page_size = static_cast<ElfW(Addr)>(sysconf(_SC_PAGESIZE));
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  void* page = reinterpret_cast<void*>(slot & ~(page_size - 1));
  const bool read_only = IsReadOnly(library, slot);
  if (read_only && mprotect(page, page_size, PROT_READ | PROT_WRITE) != 0) return false;
  // NOLINTNEXTLINE(performance-no-int-to-ptr)
  __atomic_store_n(reinterpret_cast<void**>(slot), function, __ATOMIC_SEQ_CST);
  if (read_only) mprotect(page, page_size, PROT_READ);
  return true;
}

// Returns how many slots of this name it has set.
int Replace(const dl_phdr_info& library, const Tables& tables, const ElfW(Rela) * table, size_t size, const char* name,
            void* function) {
  int replaced = 0;
  for (size_t i = 0; table != nullptr && i < size / sizeof *table; ++i) {
    if (!IsSlot(ELF64_R_TYPE(table[i].r_info))) continue;
    if (strcmp(tables.strings + tables.symbols[ELF64_R_SYM(table[i].r_info)].st_name, name) != 0) continue;
    if (SetSlot(library, library.dlpi_addr + table[i].r_offset, function)) ++replaced;
  }
  return replaced;
}

bool ReplaceAll(const dl_phdr_info& library, const char* name, void* function) {
  const Tables tables = TablesOf(library);
  if (tables.strings == nullptr || tables.symbols == nullptr) return false;
  return Replace(library, tables, tables.calls, tables.calls_size, name, function) +
             Replace(library, tables, tables.data, tables.data_size, name, function) >
         0;
}

// Whether this library is libzmq, or contains it.
bool HasLibzmq(const dl_phdr_info& library) {
  if (library.dlpi_name == nullptr || library.dlpi_name[0] == '\0') return false;
  void* handle = dlopen(library.dlpi_name, RTLD_LAZY | RTLD_NOLOAD);
  if (handle == nullptr) return false;
  void* bind = dlsym(handle, "zmq_bind");
  Dl_info where = {};
  // dlsym() also searches the libraries on which this one depends.
  const bool has = bind != nullptr && dladdr(bind, &where) != 0 &&
                   reinterpret_cast<ElfW(Addr)>(where.dli_fbase) == library.dlpi_addr;
  dlclose(handle);
  return has;
}

int ReplaceInLibzmq(dl_phdr_info* library, size_t /*size*/, void* done) {
  if (!HasLibzmq(*library)) return 0;
  *static_cast<bool*>(done) = ReplaceAll(*library, "close", reinterpret_cast<void*>(&Close)) &&
                              ReplaceAll(*library, "accept4", reinterpret_cast<void*>(&Accept));
  return 1;
}

}  // namespace

Napi::Value LimitZmqConnections(const Napi::CallbackInfo& info) {
  Napi::Env env = info.Env();
  if (info.Length() != 1 || !info[0].IsNumber()) {
    Napi::TypeError::New(env, "limitZmqConnections expects a number").ThrowAsJavaScriptException();
    return env.Undefined();
  }
  TheConnections().max = info[0].As<Napi::Number>().Int32Value();
  static bool limited = false;  // JS thread.
  if (!limited) dl_iterate_phdr(ReplaceInLibzmq, &limited);
  return Napi::Boolean::New(env, limited);
}

Napi::Value RefusedZmqConnections(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), TheConnections().refused);
}

Napi::Value ZmqConnections(const Napi::CallbackInfo& info) {
  Connections& all = TheConnections();
  std::lock_guard<std::mutex> lock(all.mutex);
  return Napi::Number::New(info.Env(), static_cast<double>(all.open.size()));
}

}  // namespace framegate
