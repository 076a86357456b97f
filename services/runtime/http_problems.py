"""What the HTTP server and its framework refuse by themselves, as problems in both languages."""

from __future__ import annotations

from services.runtime.errors import ProblemError, shortened

# By status: title and remedy.
_SAID = {
    400: (
        "Yêu cầu không đúng / the request is malformed",
        "Kiểm tra địa chỉ, tiêu đề và nội dung. / Check the address, the headers and the body.",
    ),
    404: (
        "Không có địa chỉ này / there is no such address",
        "Kiểm tra địa chỉ; /docs liệt kê các đường dẫn. / Check the address; /docs lists the routes.",
    ),
    405: (
        "Địa chỉ này không nhận phương thức đó / the address does not take that method",
        "Dùng phương thức ghi trong tiêu đề Allow. / Use a method that the header Allow names.",
    ),
    411: (
        "Thiếu độ dài nội dung / the length of the body is missing",
        "Gửi kèm Content-Length. / Send Content-Length.",
    ),
    413: (
        "Nội dung quá lớn / the body is too large",
        "Chia thành nhiều yêu cầu hoặc nhiều tệp. / Split it into several requests or files.",
    ),
    415: (
        "Không nhận loại nội dung này / this kind of content is not taken",
        "Xem Content-Type trong tài liệu API. / See Content-Type in the API description.",
    ),
    431: (
        "Tiêu đề quá lớn / the headers are too large",
        "Rút gọn địa chỉ và tiêu đề. / Shorten the address and the headers.",
    ),
    501: (
        "Không hỗ trợ / not supported",
        "Gửi nguyên nội dung, không mã hóa kiểu khác. / Send the body as it is, in no other encoding.",
    ),
}
_OTHER = (
    "Yêu cầu không thực hiện được / the request cannot be done",
    "Xem mã lỗi. / See the code.",
)


def http_problem(status: int, reason: str, said: str = "") -> ProblemError:
    """The problem of a status. Its code is ``reason``, the status in words; ``said`` is what the server
    has to say beside, in English only."""
    title, mend = _SAID.get(status, _OTHER)
    code = (reason or "error").lower().replace(" ", "-")
    return ProblemError(status, code, title, f"{mend} ({shortened(said, 200)})" if said else mend)
