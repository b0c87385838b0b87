// verify RS256|ES256|EdDSA: what libcrypto itself needs to verify a signature over 400 bytes, the
// key being at hand (RSA of 2048 bits, P-256, Ed25519). For each line with a number of seconds it
// measures for so long and answers the microseconds of CPU of one verification, so that it can be
// asked beside every round of a gateway without making its signatures anew.
//
// Each signature is over another message, as those of tokens are: the branches of a verification
// on a curve depend on the signature's digits, and one that is verified again and again lets the
// processor foresee all of them, which no gateway ever meets.

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SIGNATURES = 1024, LENGTH = 400, SIGNATURE_MAX = 512 };

static unsigned char messages[SIGNATURES][LENGTH];
static unsigned char signatures[SIGNATURES][SIGNATURE_MAX];
static size_t lengths[SIGNATURES];

static double cpu_us(void) {
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void sign(EVP_PKEY *key, const EVP_MD *digest) {
    for (int i = 0; i < SIGNATURES; i++) {
        EVP_MD_CTX *context = EVP_MD_CTX_new();
        snprintf((char *)messages[i], LENGTH, "the signing input of token %d", i);
        lengths[i] = SIGNATURE_MAX;
        if (!key || EVP_DigestSignInit(context, NULL, digest, NULL, key) != 1
            || EVP_DigestSign(context, signatures[i], &lengths[i], messages[i], LENGTH) != 1)
            exit(1);
        EVP_MD_CTX_free(context);
    }
}

static double measure(EVP_PKEY *key, const EVP_MD *digest, double seconds) {
    static int at;
    long count = 0;
    double start = cpu_us(), end = start + seconds * 1e6;
    while (cpu_us() < end) {
        for (int i = 0; i < 16; i++, count++, at = (at + 1) % SIGNATURES) {
            EVP_MD_CTX *context = EVP_MD_CTX_new();
            if (EVP_DigestVerifyInit(context, NULL, digest, NULL, key) != 1
                || EVP_DigestVerify(context, signatures[at], lengths[at], messages[at], LENGTH) != 1)
                exit(1);
            EVP_MD_CTX_free(context);
        }
    }
    return (cpu_us() - start) / (double)count;
}

int main(int count, char **words) {
    const char *name = count > 1 ? words[1] : "";
    EVP_PKEY *key = NULL;
    const EVP_MD *digest = NULL;
    if (strcmp(name, "RS256") == 0) {
        key = EVP_RSA_gen(2048);
        digest = EVP_sha256();
    } else if (strcmp(name, "ES256") == 0) {
        key = EVP_EC_gen("P-256");
        digest = EVP_sha256();
    } else if (strcmp(name, "EdDSA") == 0) {
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    }
    sign(key, digest);
    char line[64];
    while (fgets(line, sizeof line, stdin)) {
        printf("%.3f\n", measure(key, digest, strtod(line, NULL)));
        fflush(stdout);
    }
    EVP_PKEY_free(key);
    return 0;
}
