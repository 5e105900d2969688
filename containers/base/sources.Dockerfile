# A bare Debian whose apt is told where its packages are today.
ARG DEBIAN
FROM ${DEBIAN}
RUN rm -rf /etc/apt/sources.list.d/*
COPY apt/ /etc/apt/
RUN chmod 755 /etc/apt/gpgv
