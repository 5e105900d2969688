/*
 * A GPU that is not there, of the compute capability PRETENDED_CAPABILITY (86 for 8.6), preloaded before CuPy.
 *
 * It answers what SNGAN calls of NVIDIA's driver, of the CUDA runtime, of cuBLAS and, where that needs a GPU, of
 * cuDNN. It computes nothing: what kernels would write stays as it is. NVRTC and cuDNN's descriptors are the real
 * ones. So is whatever is not in here: it finds no GPU, and fails.
 *
 * As a driver does, it refuses PTX that is too new for it or for the GPU, a kernel that a program lacks, a launch out
 * of bounds; as cuDNN does, an algorithm without its workspace. It also refuses the call that PRETENDED_REFUSES names.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {OK = 0, INVALID = 1, NO_BINARY = 209, UNSUPPORTED_PTX = 222, NOT_FOUND = 500, NOT_SUPPORTED = 801};
enum {MAJOR = 75, MINOR = 76};              /* attributes of a device */
enum {CUDA = 11080, PTX = 78};              /* what the driver is of: CUDA 11.8, with which came PTX 7.8 */
static const size_t MEMORY = 8ul << 30;     /* bytes of the GPU */
static int kernels, launches, calls;

static int capability(void) {
    const char *digits = getenv("PRETENDED_CAPABILITY");
    int value = 0;
    while (*digits) value = 10 * value + *digits++ - '0';
    return value;
}

static int answer(const char *call) {
    const char *refused = getenv("PRETENDED_REFUSES");
    calls++;
    return refused && !strcmp(call, refused) ? INVALID : OK;
}

__attribute__((destructor)) static void report(void) {
    if (calls) fprintf(stderr, "pretended: %d kernels, %d launches, %d calls\n", kernels, launches, calls);
}

/* Calls that only say how they went, that make something to hand back, and that SNGAN never makes, but CuPy links. */
#define DOES(NAME) int NAME(void) { return answer(#NAME); }
#define MAKES(NAME) int NAME(void **made) { *made = made; return answer(#NAME); }
#define REFUSES(NAME) int NAME(void) { return NOT_SUPPORTED; }
DOES(cudaSetDevice) DOES(cudaDeviceCanAccessPeer) DOES(cudaDeviceEnablePeerAccess) DOES(cudaGetLastError)
MAKES(cudaEventCreateWithFlags) DOES(cudaEventRecord) DOES(cudaEventQuery) DOES(cudaEventDestroy)
DOES(cuLinkDestroy) DOES(cuModuleUnload)
REFUSES(cuCtxCreate_v2) REFUSES(cuCtxDestroy_v2) REFUSES(cuCtxGetCurrent) REFUSES(cuCtxSetCurrent)
REFUSES(cuDevicePrimaryCtxRelease_v2) REFUSES(cuModuleGetGlobal_v2) REFUSES(cuModuleLoad)
MAKES(cublasCreate_v2) DOES(cublasDestroy_v2) DOES(cublasSetStream_v2) DOES(cublasSgemmEx)
MAKES(cudnnCreate) DOES(cudnnDestroy) DOES(cudnnSetStream) DOES(cudnnAddTensor)
DOES(cudnnPoolingForward) DOES(cudnnPoolingBackward) DOES(cudnnBatchNormalizationForwardInference)
DOES(cudnnBatchNormalizationForwardTraining) DOES(cudnnBatchNormalizationBackward)

/* The device. */
int cudaGetDeviceCount(int *count) { *count = 1; return OK; }
int cudaGetDevice(int *device) { *device = 0; return OK; }
int cudaDriverGetVersion(int *version) { *version = CUDA; return OK; }
int cudaRuntimeGetVersion(int *version) { *version = CUDA; return OK; }
int cudaMemGetInfo(size_t *unused, size_t *all) { *unused = *all = MEMORY; return OK; }
int cudaDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == MAJOR ? capability() / 10 : attribute == MINOR ? capability() % 10 : 0;
    return OK;
}

/* Memory: the host's. */
int cudaMalloc(void **made, size_t bytes) {
    *made = aligned_alloc(512, (bytes + 511) / 512 * 512);
    memset(*made, 0, bytes);
    return answer("cudaMalloc");
}
int cudaHostAlloc(void **made, size_t bytes, unsigned flags) { return cudaMalloc(made, bytes); }
int cudaFree(void *made) {
    free(made);
    return OK;
}
int cudaFreeHost(void *made) { return cudaFree(made); }
int cudaMemcpy(void *to, const void *from, size_t bytes, int kind) {
    memmove(to, from, bytes);
    return answer("cudaMemcpy");
}
int cudaMemcpyAsync(void *to, const void *from, size_t bytes, int kind, void *stream) {
    return cudaMemcpy(to, from, bytes, kind);
}
int cudaMemsetAsync(void *to, int value, size_t bytes, void *stream) {
    memset(to, value, bytes);
    return answer("cudaMemsetAsync");
}

/* Programs: PTX, which is linked, loaded and looked into as it is. */
static int number(const char *program, const char *name) {  /* 78 of ".version 7.8"; 0 where there is no such line */
    const char *at = strstr(program, name);
    int value = 0;
    for (at = at ? at + strlen(name) : ""; (*at >= '0' && *at <= '9') || *at == '.'; at++)
        if (*at != '.') value = 10 * value + *at - '0';
    return value;
}
int cuLinkCreate_v2(unsigned count, void *options, void *values, char ***linker) {
    *linker = calloc(1, sizeof **linker);
    return answer("cuLinkCreate");
}
int cuLinkAddData_v2(char **linker, int type, const char *program, size_t bytes) {
    int version = number(program, ".version "), target = number(program, ".target sm_");
    if (version > PTX) return UNSUPPORTED_PTX;
    if (target == 0 || target > capability()) return NO_BINARY;
    *linker = memcpy(calloc(1, bytes + 1), program, bytes);
    return answer("cuLinkAddData");
}
int cuLinkComplete(char **linker, char **program, size_t *bytes) {
    *program = *linker;
    *bytes = strlen(*linker) + 1;
    kernels++;
    return answer("cuLinkComplete");
}
int cuModuleLoadData(char **module, const char *program) {
    *module = strcpy(malloc(strlen(program) + 1), program);
    return answer("cuModuleLoadData");
}
int cuModuleGetFunction(char **function, char *module, const char *name) {
    char entry[500];
    snprintf(entry, sizeof entry, ".entry %s(", name);
    *function = strstr(module, entry);
    return *function ? answer("cuModuleGetFunction") : NOT_FOUND;
}
static int within(unsigned value, unsigned greatest) { return 0 < value && value <= greatest; }
int cuLaunchKernel(char *function, unsigned x, unsigned y, unsigned z, unsigned threads_x, unsigned threads_y,
                   unsigned threads_z, unsigned shared_bytes) {
    int fits = within(x, 2147483647) && within(y, 65535) && within(z, 65535) && shared_bytes <= 48 << 10
        && within(threads_x * threads_y * threads_z, 1024);
    launches++;
    return fits ? answer("cuLaunchKernel") : INVALID;
}
int cuGetErrorName(int error, const char **name) {
    *name = error == NO_BINARY ? "CUDA_ERROR_NO_BINARY_FOR_GPU"
        : error == UNSUPPORTED_PTX ? "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"
        : error == NOT_FOUND ? "CUDA_ERROR_NOT_FOUND"
        : error == NOT_SUPPORTED ? "CUDA_ERROR_NOT_SUPPORTED" : "CUDA_ERROR_INVALID_VALUE";
    return OK;
}
int cuGetErrorString(int error, const char **words) {
    *words = "refused by the pretended driver";
    return OK;
}

/* Convolutions: cuDNN offers its algorithms, the fastest first, which here wants a terabyte of workspace. */
enum {FITTING = 1, FASTEST = 5};
static const size_t TERABYTE = 1ul << 40;
typedef struct {int algorithm, status; float time; size_t memory; int deterministic, math, reserved[3];} Offer;
static int offer(int *count, Offer *offers) {
    memset(offers, 0, 2 * sizeof *offers);
    offers[0].algorithm = FASTEST;
    offers[0].memory = TERABYTE;
    offers[1].algorithm = FITTING;
    *count = 2;
    return OK;
}
static int workspace(int algorithm, size_t *bytes) {
    *bytes = algorithm == FASTEST ? TERABYTE : 0;
    return OK;
}
int cudnnGetConvolutionForwardAlgorithm_v7(void *handle, void *x, void *w, void *convolution, void *y, int wanted,
                                           int *count, Offer *offers) { return offer(count, offers); }
#define CONVOLUTION(KIND) \
    int cudnnGetConvolution##KIND##WorkspaceSize(void *handle, void *a, void *b, void *convolution, void *c, \
                                                 int algorithm, size_t *bytes) { return workspace(algorithm, bytes); } \
    int cudnnConvolution##KIND(void *handle, void *alpha, void *a, void *at_a, void *b, void *at_b, void *convolution, \
                               int algorithm, void *space, size_t bytes) { \
        return algorithm == FASTEST && bytes < TERABYTE ? NOT_SUPPORTED : answer("cudnnConvolution" #KIND); \
    }
CONVOLUTION(Forward) CONVOLUTION(BackwardData) CONVOLUTION(BackwardFilter)
