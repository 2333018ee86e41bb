# ruff: noqa: E501
"""What models write to customers, in the form of `agent_sentences`."""

from agent_sentences import labelled

# Whole messages, as models of several makers write them to customers: polite, long, bulleted, several questions in one.
# The lexicon was improved by these ...
STYLES_EN = r"""
I'd be more than happy to help you with that! To pull up your order, could you kindly share the following?\n\n- **Full name** on the account\n- **Zip code** | ask:name ask:zip
Thanks so much for your patience, Ana. I've located order **#W2204**. Just so we're on the same page, I'd be:\n\n1. Cancelling order #W2204\n2. Refunding **$48.00** to your credit card\n\nWould you like me to move forward with this? | confirm
Great news: your order #W2204 has been successfully cancelled! 🎉 You should see the $48.00 within 5 to 7 business days. Is there anything else I can assist you with today? | report_done offer_more
I completely understand how frustrating this must be. Unfortunately, since order #W2204 was delivered more than 30 days ago, it falls outside of our return window. | refuse
Absolutely, I can look into that. May I please have your order number, along with the zip code associated with your account? | ask:order_id ask:zip
Before making any changes, I need to verify your identity. Could you please confirm the name and the zip code we have on file? | ask:name ask:zip
I've found two orders under your name:\n\n| Order | Item |\n|---|---|\n| #W2204 | desk lamp |\n| #W2209 | kettle |\n\nWhich of these would you like to cancel? | clarify
Hello! 👋 Welcome to our support. How can I make your day better? | ask:intent
Sure, one moment please while I bring up your account details. | wait
Here is a summary of the change:\n\n**Order:** #W2204\n**New address:** 12 Oak Street\n\nPlease reply **Yes** to confirm, or let me know if anything needs to be adjusted. | confirm
I appreciate your understanding, but I'm not in a position to waive this rule. | refuse
You're very welcome! If you ever need anything else, don't hesitate to reach out. Have a wonderful rest of your day! | offer_more bye
Got it, thanks! And where would you like us to deliver it instead? | ask:address
The update is in: order #W2204 will now be shipped to 12 Oak Street. | report_done
To process the refund, would you prefer to have it on your credit card or on a gift card? | clarify
"""
STYLES_ZH = r"""
非常乐意为您效劳！为了查询您的订单，烦请您提供以下信息：\n\n- **姓名**\n- **邮编** | ask:name ask:zip
感谢您的耐心等待。我已查到订单**#W2204**，接下来我将为您：\n\n1. 取消订单#W2204\n2. 将**$48.00**退回您的信用卡\n\n请问您是否同意我继续操作？ | confirm
好消息！您的订单#W2204已成功取消🎉，款项会在5到7个工作日内到账。请问还有什么可以帮到您的吗？ | report_done offer_more
非常理解您的心情。但很遗憾，订单#W2204签收已超过30天，已经过了退货期限，我们这边无法为您办理退货。 | refuse
没问题，我来帮您看一下。请您提供一下订单号，以及账户对应的邮编，好吗？ | ask:order_id ask:zip
在进行任何修改之前，我需要先核实您的身份。麻烦您告知登记的姓名和邮编。 | ask:name ask:zip
您名下有两个订单：\n\n- #W2204（台灯）\n- #W2209（水壶）\n\n请问您想取消的是哪一个呢？ | clarify
您好呀~ 欢迎光临，请问有什么能帮到您的呢？ | ask:intent
好的，请您稍等片刻，我马上为您调取账户资料。 | wait
变更内容如下：\n\n**订单：** #W2204\n**新地址：** 12 Oak Street\n\n如无误请回复“确认”，我就为您提交。 | confirm
感谢您的理解，不过这条规定我这边没有权限破例。 | refuse
不客气！后续如有任何需要，随时联系我们。祝您生活愉快！ | offer_more bye
收到，谢谢！那您希望改寄到哪个地址呢？ | ask:address
修改好啦：订单#W2204会寄往12 Oak Street。 | report_done
退款您希望退到信用卡，还是退到礼品卡呢？ | clarify
"""
# ... and these were only counted: written with those above, and not looked at while it was improved.
UNSEEN_STYLES_EN = r"""
Happy to assist! So that I can find the right record, would you mind telling me:\n\n1. Your order number\n2. Your zip code | ask:order_id ask:zip
Perfect, thank you for confirming your details. Here's what I have so far:\n\n- Return order #W3307\n- Refund of **$19.00** to your gift card\n\nDoes this look right to you? | confirm
All right, I have taken care of it. Order #W3307 is on its way back to us and $19.00 was credited to your gift card. Can I help you with anything else? | report_done offer_more
I'm truly sorry for the inconvenience. Regrettably, our guidelines don't permit me to cancel an order once it has shipped. | refuse
Of course! What's the best name and zip code to look up your account with? | ask:name ask:zip
For your security, please provide the zip code registered on the account before I share any order details. | ask:zip
It looks like there are a couple of matching orders: #W3307 (shoes) and #W3311 (hat). Could you clarify which one you mean? | clarify
Good morning and thank you for contacting us. What can I help you with today? | ask:intent
Thank you! Please give me just a second to check on this for you. | wait
I'm going to update the address on order #W3307 to 9 Lake Street. Once done it can't be reverted. Do I have your go-ahead? | confirm
Since the package has already left our warehouse, a change of address isn't possible anymore. | refuse
It was a pleasure helping you. Take care and goodbye! | bye
Understood. What's the full address that you'd like the parcel to be sent to? | ask:address
Done! I've updated your order with the new address. | report_done
Would you rather return #W3307 or #W3311? | clarify
"""
UNSEEN_STYLES_ZH = r"""
很高兴为您服务！为了准确找到您的记录，方便告诉我以下两项吗？\n\n1. 订单号\n2. 邮编 | ask:order_id ask:zip
好的，信息已核对。目前的方案是：\n\n- 退货：订单#W3307\n- **$19.00**退到您的礼品卡\n\n您看这样可以吗？ | confirm
已经为您处理妥当：订单#W3307的退货申请已提交，$19.00已退至礼品卡。还有其他问题需要我协助吗？ | report_done offer_more
给您带来不便，深表歉意。按照公司规定，已发货的订单是不能取消的。 | refuse
当然可以！请问账户上登记的姓名和邮编分别是什么？ | ask:name ask:zip
为了保障您的账户安全，在透露订单信息前，请先提供注册时的邮编。 | ask:zip
系统里有两笔符合的订单：#W3307（鞋子）和#W3311（帽子）。您说的是哪一笔？ | clarify
早上好，感谢您联系我们。请问今天想办理什么业务？ | ask:intent
谢谢！给我一点时间，我去核对一下。 | wait
我准备把订单#W3307的地址更新为9 Lake Street，提交后不能再改。您同意吗？ | confirm
包裹已经出库，收货地址改不了了，还请谅解。 | refuse
很高兴能帮到您，祝您一切顺利，再见！ | bye
明白了。请把完整的新地址发给我。 | ask:address
好了，新地址已经更新到您的订单里了。 | report_done
您是想退#W3307，还是#W3311？ | clarify
"""
STYLES = {"en": labelled(STYLES_EN), "zh": labelled(STYLES_ZH)}
UNSEEN_STYLES = {"en": labelled(UNSEEN_STYLES_EN), "zh": labelled(UNSEEN_STYLES_ZH)}
