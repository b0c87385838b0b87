// verify SECONDS [ALGORITHM]: what libcrypto itself needs to verify a signature of 400 bytes,
// microseconds of CPU, for RS256 (2048 bits), ES256 and EdDSA (Ed25519), or for one of them, the
// key being at hand. One line of JSON.
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
    sign(key, digest);
    long count = 0;
    double start = cpu_us(), end = start + seconds * 1e6;
    while (cpu_us() < end) {
        for (int i = 0; i < 16; i++, count++) {
            int at = (int)(count % SIGNATURES);
            EVP_MD_CTX *context = EVP_MD_CTX_new();
            if (EVP_DigestVerifyInit(context, NULL, digest, NULL, key) != 1
                || EVP_DigestVerify(context, signatures[at], lengths[at], messages[at], LENGTH) != 1)
                exit(1);
            EVP_MD_CTX_free(context);
        }
    }
    EVP_PKEY_free(key);
    return (cpu_us() - start) / (double)count;
}

int main(int count, char **words) {
    const char *only = count > 2 ? words[2] : NULL;
    double seconds = count > 1 ? strtod(words[1], NULL) : 0.3;
    const char *between = "{";
    for (int which = 0; which < 3; which++) {
        const char *name = which == 0 ? "RS256" : which == 1 ? "ES256" : "EdDSA";
        if (only && strcmp(only, name) != 0) continue;
        double us = which == 0   ? measure(EVP_RSA_gen(2048), EVP_sha256(), seconds)
                    : which == 1 ? measure(EVP_EC_gen("P-256"), EVP_sha256(), seconds)
                                 : measure(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), NULL, seconds);
        printf("%s\"%s\": %.2f", between, name, us);
        between = ", ";
    }
    puts("}");
    return 0;
}
