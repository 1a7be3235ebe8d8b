# deepread: one Makefile for the whole house.
#
#   make            build/deepread and build/deepread-extract
#   make demo       what a new user runs: packages, build, a summary of a real PDF
#   make check      all tests (installs what testing needs)
#   make asan       the tests again under AddressSanitizer and UBSan
#   make bench      speed, printed          make quality    answer quality, printed
#   make score      how documents are read, beside other tools (SCORE_DATA=: another set)
#   make install PREFIX=/usr/local DESTDIR=
#   make clean
#
# V=1 prints every command.
# CUDA=0 never looks for nvcc, CUDA=1 insists on it; by default build/libdeepread-cuda.so is built where
# it is found (NVCC=, CUDA_ARCH=).  make gpu-bundle: what tests/gpu/run.sh takes to a machine with a GPU.

PREFIX  ?= /usr/local
CC      ?= gcc
CXX     ?= g++
CFLAGS  ?= -O2 -g
CUDA    ?= auto
VERSION := 0.1.0
Q       := $(if $(V),,@)

CPPFLAGS += -I. -D_GNU_SOURCE -DDEEPREAD_VERSION='"$(VERSION)"'
WARN     := -Wall -Wextra -Werror
STD      := -std=gnu11 -fopenmp -fno-math-errno -ffp-contract=off
LDLIBS   := -ljansson -lpcre2-8 -lgit2 -luchardet -lnettle -lxxhash -lm
# Only the program that parses hostile formats links these (poppler is GPL).
EXTRACT_PKGS   := poppler-glib poppler libxml-2.0 libarchive zlib libseccomp
EXTRACT_CFLAGS  = $(shell pkg-config --cflags $(filter-out poppler,$(EXTRACT_PKGS)))
# Their headers share names with glib's; as those of a system they may have unused arguments.
SHIM_CFLAGS     = $(patsubst -I%,-isystem%,$(shell pkg-config --cflags poppler glib-2.0))
EXTRACT_LIBS    = $(shell pkg-config --libs $(EXTRACT_PKGS)) -lstdc++

.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SUFFIXES:

# ---------------------------------------------------------------- the rooms

FOLDERS := base ingest extract prompts engine engine/ref engine/cpu cli
# Which folders a folder may include from; the build of `check` fails on any other edge.
MAY_base    := base
MAY_ingest  := base ingest
MAY_extract := base ingest extract
MAY_prompts := base ingest prompts
MAY_engine  := base engine
MAY_cuda    := base engine cuda
MAY_cli     := base ingest prompts engine cli

SRC_base    := $(wildcard base/*.c)
SRC_ingest  := $(wildcard ingest/*.c)
SRC_extract := $(wildcard extract/*.c)
SHIM_extract := $(wildcard extract/*.cc) # poppler has no complete C interface; nothing else is C++
CXX_extract := $(wildcard extract/*.cc)
SRC_prompts := $(wildcard prompts/*.c)
SRC_engine  := $(wildcard engine/*.c engine/ref/*.c engine/cpu/*.c)
SRC_cli     := $(wildcard cli/*.c)
HEADERS     := $(wildcard $(FOLDERS:%=%/*.h) tests/*.h)
PROMPT_DATA := $(wildcard prompts/*/*.txt prompts/*/*.json)
TESTS       := $(patsubst tests/%.c,%,$(wildcard tests/test_*.c))
FUZZERS     := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
BENCHES     := $(patsubst bench/%.c,%,$(wildcard bench/*.c))

# The program is linked from everything but its main, and so is every test and benchmark.
EXTRACT_OBJ := $(patsubst %.c,%.o,$(filter-out extract/main.c,$(SRC_extract))) $(SHIM_extract:%.cc=%.o)
LIB_SRC := $(SRC_base) $(SRC_ingest) $(SRC_prompts) $(SRC_engine) $(filter-out cli/main.c,$(SRC_cli))

# ---------------------------------------------------------------- packages

ifneq ($(filter demo check check-long asan quality,$(MAKECMDGOALS)),)
ifeq ($(filter check check-long asan quality,$(MAKECMDGOALS)),)
SETUP := build
else
SETUP := test
endif
endif
.PHONY: setup
setup:
	@tools/setup.sh $(SETUP)

# ---------------------------------------------------------------- two builds, one set of rules
#
# $(call variant,FOLDER,EXTRA FLAGS): everything below FOLDER.

define variant
$(1)/%.o: %.c | $(if $(SETUP),setup)
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	$(Q)$$(CC) $$(CPPFLAGS) $$(STD) $$(WARN) $$(CFLAGS) $(2) -MMD -MP -c $$< -o $$@

$(1)/prompts/data.o: build/prompts/data.c
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	$(Q)$$(CC) $$(CPPFLAGS) $$(STD) $$(WARN) $$(CFLAGS) $(2) -c $$< -o $$@

$(1)/extract/%.o: extract/%.c | $(if $(SETUP),setup)
	@mkdir -p $$(@D)
	@echo '  CC   $$@'
	$(Q)$$(CC) $$(CPPFLAGS) $$(EXTRACT_CFLAGS) $$(STD) $$(WARN) $$(CFLAGS) $(2) -MMD -MP -c $$< -o $$@

# The one face of a C++ library.
$(1)/extract/%.o: extract/%.cc | $(if $(SETUP),setup)
	@mkdir -p $$(@D)
	@echo '  CXX  $$@'
	$(Q)$$(CXX) $$(CPPFLAGS) $$(SHIM_CFLAGS) -std=gnu++17 $$(WARN) $$(CFLAGS) $(2) -MMD -MP -c $$< -o $$@

$(1)/libdeepread.a: $(LIB_SRC:%.c=$(1)/%.o) $(1)/prompts/data.o
	@rm -f $$@
	@echo '  AR   $$@'
	$(Q)$$(AR) rcs $$@ $$^

$(1)/libextract.a: $(filter-out $(1)/extract/main.o,$(SRC_extract:%.c=$(1)/%.o)) \
    $(CXX_extract:%.cc=$(1)/%.o)
	@rm -f $$@
	@echo '  AR   $$@'
	$(Q)$$(AR) rcs $$@ $$^

$(1)/deepread: $(1)/cli/main.o $(1)/libdeepread.a
	@echo '  LINK $$@'
	$(Q)$$(CC) $$(STD) $$(CFLAGS) $(2) $$(LDFLAGS) $$^ $$(LDLIBS) -o $$@

$(1)/deepread-extract: $(SRC_extract:%.c=$(1)/%.o) $(CXX_extract:%.cc=$(1)/%.o) $(1)/libdeepread.a
	@echo '  LINK $$@'
	$(Q)$$(CC) $$(STD) $$(CFLAGS) $(2) $$(LDFLAGS) -Wl,-z,now $$^ $$(EXTRACT_LIBS) $$(LDLIBS) -o $$@

$(1)/tests/test_%: $(1)/tests/test_%.o $(1)/libextract.a $(1)/libdeepread.a
	@echo '  LINK $$@'
	$(Q)$$(CC) $$(STD) $$(CFLAGS) $(2) $$(LDFLAGS) $$^ -lcmocka $$(EXTRACT_LIBS) $$(LDLIBS) -o $$@

# Parsers of extract/ are tested and fuzzed with its objects (without its main) linked in.
$(1)/tests/fuzz/fuzz_%: $(1)/tests/fuzz/fuzz_%.o $(1)/tests/fuzz/driver.o \
    $(filter-out $(1)/extract/main.o,$(SRC_extract:%.c=$(1)/%.o)) $(CXX_extract:%.cc=$(1)/%.o) \
    $(1)/libdeepread.a
	@echo '  LINK $$@'
	$(Q)$$(CC) $$(STD) $$(CFLAGS) $(2) $$(LDFLAGS) $$^ $$(EXTRACT_LIBS) $$(LDLIBS) -o $$@

$(1)/bench/%: $(1)/bench/%.o $(1)/libdeepread.a
	@echo '  LINK $$@'
	$(Q)$$(CC) $$(STD) $$(CFLAGS) $(2) $$(LDFLAGS) $$^ $$(LDLIBS) -o $$@

.PRECIOUS: $(1)/%.o
endef

SAN := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
$(eval $(call variant,build,))
$(eval $(call variant,build/asan,$(SAN)))
-include $(shell find build -name '*.d' 2>/dev/null)

build/prompts/data.c: tools/embed.sh $(PROMPT_DATA)
	@mkdir -p $(@D)
	tools/embed.sh $@ $(PROMPT_DATA)

.PHONY: all
all: build/deepread build/deepread-extract build/deepread.1 cuda

# The OPTIONS section comes from the option tables of the program itself.
build/deepread.1: man/deepread.1.in build/deepread
	@mkdir -p $(@D)
	build/deepread --man-options | sed -e '/^@OPTIONS@$$/{r /dev/stdin' -e 'd}' man/deepread.1.in > $@

# ---------------------------------------------------------------- CUDA

# The plugin holds its own, hidden copies of what it needs from base/ and engine/: the program need not
# export anything, and tests and benchmarks load the same file.  Files named sm90_* use instructions
# that only Hopper has; the rest runs from compute capability 8.0 on.
NVCC       ?= $(firstword $(wildcard /usr/local/cuda/bin/nvcc) $(shell command -v nvcc))
CUDA_SM90  := -gencode arch=compute_90a,code=sm_90a
CUDA_ARCH  ?= -gencode arch=compute_80,code=[sm_80,compute_80] $(CUDA_SM90)
NVCC_FLAGS := -std=c++20 -O3 -I. -Xcompiler -Wall,-Wextra,-Werror,-Wno-missing-field-initializers
NVCC_FLAGS += -Xcompiler -fPIC,-fvisibility=hidden -MMD -MP
CUDA_OBJ   := $(patsubst %.cu,build/%.o,$(wildcard cuda/*.cu))
CUDA_C_OBJ := $(addprefix build/cuda/,base/err.o base/mem.o base/str.o engine/tensor.o)

build/cuda/sm90_%.o: cuda/sm90_%.cu
	@mkdir -p $(@D)
	@echo '  NVCC $@'
	$(Q)$(NVCC) $(NVCC_FLAGS) $(CUDA_SM90) -c $< -o $@

build/cuda/%.o: cuda/%.cu
	@mkdir -p $(@D)
	@echo '  NVCC $@'
	$(Q)$(NVCC) $(NVCC_FLAGS) $(CUDA_ARCH) -c $< -o $@

build/cuda/%.o: %.c
	@mkdir -p $(@D)
	@echo '  CC   $@'
	$(Q)$(CC) $(CPPFLAGS) $(STD) $(WARN) $(CFLAGS) -fPIC -fvisibility=hidden -MMD -MP -c $< -o $@

build/libdeepread-cuda.so: $(CUDA_OBJ) $(CUDA_C_OBJ)
	@echo '  LINK $@'
	$(Q)$(NVCC) -shared -Xlinker --no-undefined $^ -o $@

# The GPU benchmark: bench/gpu.cu and its parts, with the backend's objects linked in.
build/bench/%.o: bench/%.cu
	@mkdir -p $(@D)
	@echo '  NVCC $@'
	$(Q)$(NVCC) $(NVCC_FLAGS) $(CUDA_SM90) -c $< -o $@

build/bench/gpu: $(patsubst %.cu,build/%.o,$(wildcard bench/gpu*.cu)) $(CUDA_OBJ) $(CUDA_C_OBJ)
	@echo '  LINK $@'
	$(Q)$(NVCC) $^ -lcublasLt -lcuda -o $@

# Everything a machine with a GPU and without a compiler needs, in one folder: tests/gpu/run.sh.
GPU_TESTS := test_cuda test_cuda_fp8 test_op_norm test_op_linear test_op_mla test_op_mha test_op_moe test_op_indexer \
    test_reference
build/gpu/test_%: build/tests/test_%.o build/libextract.a build/libdeepread.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(Q)$(CC) $(STD) $(CFLAGS) -Wl,--as-needed,-rpath,'$$ORIGIN' $^ -lcmocka $(LDLIBS) -o $@

build/gpu/model: build/bench/model.o build/libdeepread.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(Q)$(CC) $(STD) $(CFLAGS) -Wl,--as-needed,-rpath,'$$ORIGIN' $^ $(LDLIBS) -o $@

.PHONY: gpu-bundle
gpu-bundle: $(GPU_TESTS:%=build/gpu/%) build/gpu/model build/libdeepread-cuda.so build/bench/gpu
	cp build/libdeepread-cuda.so build/bench/gpu build/gpu
	ldd build/gpu/test_* | awk '/=> \// && !/lib(c|m|gomp|pthread|dl|rt|stdc\+\+|gcc_s)\.so|build\/gpu/ {print $$3}' | \
	    sort -u | xargs -r cp -Lt build/gpu

# oneDNN is compared with where it is there, and never needed.
ifneq ($(wildcard /usr/include/dnnl.h),)
build/bench/op_bench.o: CPPFLAGS += -DHAVE_DNNL
build/bench/op_bench build/paths/op_bench: LDLIBS += -ldnnl
endif

# Likewise for a machine with other instruction sets than the one at hand: bench/cpu_paths.sh.
CPU_TESTS   := test_op_norm test_op_linear test_op_mla test_op_mha test_op_moe test_op_indexer test_reference
CPU_BENCHES := op_bench cpu
build/paths/test_%: build/tests/test_%.o build/libextract.a build/libdeepread.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(Q)$(CC) $(STD) -s $(CFLAGS) -Wl,--as-needed,-rpath,'$$ORIGIN' $^ -lcmocka $(LDLIBS) -o $@

build/paths/%: build/bench/%.o build/libdeepread.a
	@mkdir -p $(@D)
	@echo '  LINK $@'
	$(Q)$(CC) $(STD) -s $(CFLAGS) -Wl,--as-needed,-rpath,'$$ORIGIN' $^ $(LDLIBS) -o $@

.PHONY: cpu-bundle
cpu-bundle: $(CPU_TESTS:%=build/paths/%) $(CPU_BENCHES:%=build/paths/%)
	ldd $^ | awk '/=> \// && !/lib(c|m|pthread|dl|rt)\.so|build\/paths/ {print $$3}' | sort -u | \
	    xargs -r cp -Lt build/paths

.PHONY: cuda
ifeq ($(CUDA),0)
cuda:
else ifneq ($(NVCC),)
cuda: build/libdeepread-cuda.so
else ifeq ($(CUDA),1)
cuda:
	$(error CUDA=1: no nvcc in /usr/local/cuda/bin or on the path; set NVCC=)
else
cuda:
	@echo '  no nvcc: the CUDA backend is not built'
endif

# ---------------------------------------------------------------- for a new user

.PHONY: demo
demo: all
	DEEPREAD_CACHE_DIR=build/cache build/deepread summarize tests/data/demo.pdf

.PHONY: install
install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/libexec/deepread \
	    $(DESTDIR)$(PREFIX)/share/deepread/models/deepread-150m \
	    $(DESTDIR)$(PREFIX)/share/man/man1
	install -m 755 build/deepread $(DESTDIR)$(PREFIX)/bin/deepread
	install -m 755 build/deepread-extract $(DESTDIR)$(PREFIX)/libexec/deepread/deepread-extract
	if [ -f build/libdeepread-cuda.so ]; then install -d $(DESTDIR)$(PREFIX)/lib/deepread && \
	    install -m 755 build/libdeepread-cuda.so $(DESTDIR)$(PREFIX)/lib/deepread; fi
	install -m 644 models/deepread-150m/* $(DESTDIR)$(PREFIX)/share/deepread/models/deepread-150m
	install -m 644 build/deepread.1 $(DESTDIR)$(PREFIX)/share/man/man1/deepread.1

.PHONY: clean
clean:
	rm -rf build

# ---------------------------------------------------------------- tests

# An include outside the rows above is a wrong arrow in the house.
layer-%:
	@bad=$$(grep -rnE '^[[:space:]]*#[[:space:]]*include[[:space:]]+"' $* --include='*.[ch]' --include='*.cc' \
	  --include='*.cu' --include='*.cuh' --include='*.hh' \
	  | grep -vE '"($(subst $() ,|,$(MAY_$*)))/'); \
	[ -z "$$bad" ] || { echo "$*/ may not include:"; echo "$$bad"; exit 1; }

.PHONY: check-house
check-house: $(addprefix layer-,base ingest extract prompts engine cuda cli) | $(if $(SETUP),setup)
	@for h in $(HEADERS); do echo "#include \"$$h\"" | \
	    $(CC) $(CPPFLAGS) $(EXTRACT_CFLAGS) $(STD) $(WARN) -x c -fsyntax-only - || \
	    { echo "$$h does not compile alone"; exit 1; }; done
	@long=$$(find $(FOLDERS) cuda tests bench tools -name '*.[ch]' -o -name '*.cu' -o -name '*.cuh' | xargs wc -l | \
	    awk '$$2 != "total" && $$1 > 800 {print $$2 ": " $$1 " lines, at most 800"}'); \
	[ -z "$$long" ] || { echo "$$long"; exit 1; }

TEST_PROGRAMS := $(TESTS:%=build/tests/%)
EMULATED := $(if $(filter x86_64,$(shell uname -m)),$(patsubst %,build/emulated/%,$(filter test_op_%,$(TESTS))))
.PHONY: check
check: all check-house $(TEST_PROGRAMS) $(EMULATED) $(FUZZERS:%=build/tests/fuzz/%)
	@tests/run.sh build $(TEST_PROGRAMS)

# The tests of operations with the kernels for AVX-512 emulated, for machines that do not have it.
build/emulated/avx512.o: tests/avx512_emulated.c | $(if $(SETUP),setup)
	@mkdir -p $(@D)
	@echo '  CC   $@'
	$(Q)$(CC) $(CPPFLAGS) $(STD) $(WARN) $(CFLAGS) -O1 -mavx2 -mfma -mf16c -Wno-psabi -MMD -MP -c $< -o $@
-include build/emulated/avx512.d

build/emulated/test_%: build/tests/test_%.o build/emulated/avx512.o build/libextract.a build/libdeepread.a
	@echo '  LINK $@'
	$(Q)$(CC) $(STD) $(CFLAGS) -Wl,--wrap=cpu_isa_has $(LDFLAGS) $^ -lcmocka $(EXTRACT_LIBS) $(LDLIBS) -o $@

# Tests that compute for minutes on the reference backend are left out under the sanitizers.
SLOW_TESTS := test_reference test_labels
.PHONY: asan
ASAN_TESTS := $(filter-out $(SLOW_TESTS),$(TESTS))
asan: build/asan/deepread build/asan/deepread-extract $(ASAN_TESTS:%=build/asan/tests/%) \
    $(FUZZERS:%=build/asan/tests/fuzz/%)
	@tests/run.sh build/asan $(ASAN_TESTS:%=build/asan/tests/%)

.PHONY: check-long
check-long: build/tests/test_reference
	DEEPREAD_TEST_LONG=1 CMOCKA_MESSAGE_OUTPUT=TAP build/tests/test_reference

.PHONY: bench
bench: all $(BENCHES:%=build/bench/%)
	@for b in $(BENCHES); do echo "== $$b"; build/bench/$$b || exit 1; done

.PHONY: quality
quality: all
	DEEPREAD_CACHE_DIR=$(CURDIR)/build/cache python3 tests/quality/quality.py --program build/deepread --data tests/data/quality

SCORE_DATA ?= tests/data/ingest
.PHONY: score
score: build/deepread build/deepread-extract
	python3 tests/score/score.py --program build/deepread --data $(SCORE_DATA)
