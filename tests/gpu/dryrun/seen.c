/*
 * A GPU that is not there, as far as it is only looked at: what TensorFlow asks of NVIDIA's driver and of NVML before
 * it says which GPUs it sees. Compiled twice, under the names of both, and preloaded. Nothing can be computed on it.
 */
#include <string.h>

enum {OK = 0, MAJOR = 75, MINOR = 76};  /* attributes of a device */

int cuInit(unsigned flags) { return OK; }
int cuDriverGetVersion(int *version) { *version = 13000; return OK; }
int cuDeviceGetCount(int *count) { *count = 1; return OK; }
int cuDeviceGet(int *device, int number) { *device = 0; return OK; }
int cuDeviceGetName(char *name, int size, int device) { strncpy(name, "Pretended", size); return OK; }
int cuDeviceGetPCIBusId(char *name, int size, int device) { strncpy(name, "0000:01:00.0", size); return OK; }
int cuDeviceGetAttribute(int *value, int attribute, int device) {
    *value = attribute == MAJOR ? 9 : attribute == MINOR ? 0 : 1;
    return OK;
}
int cuGetErrorName(int error, const char **name) { *name = "pretended"; return OK; }
int cuGetErrorString(int error, const char **words) { *words = "pretended"; return OK; }

int nvmlInit_v2(void) { return OK; }
int nvmlDeviceGetCount_v2(unsigned *count) { *count = 1; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned number, void **device) { *device = device; return OK; }
